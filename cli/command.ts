import { Mistake } from '../local/mistake.ts'
import { help, verbHelp } from './help.ts'
import { Refused, Usage } from './usage.ts'
import { verbs } from './verbs.ts'

/** Runs a verb. Exit codes: 0 right, 1 a check failed or could not be made, 2 bad input: of the command line or of a definition. */
export async function command([name = '', ...args]: string[]): Promise<number> {
  if (name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(`${help()}\n`)
    return 0
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined) {
    process.stderr.write(`${name === '' ? 'no verb given' : `there is no verb ${name}`}\n\n${help()}\n`)
    return 2
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${verbHelp(verb)}\n`)
    return 0
  }
  try {
    return await (await verb.load())(args)
  } catch (error) {
    if (error instanceof Usage) {
      process.stderr.write(`${error.message}\n\nusage: ${verb.usage}\nexample: ${verb.example}\n`)
      return 2
    }
    if (error instanceof Mistake) {
      process.stderr.write(`${error.message}\n`)
      return 2
    }
    if (error instanceof Refused) {
      process.stderr.write(`${error.message}\n`)
      return 1
    }
    process.stderr.write(`${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
    return 1
  }
}
