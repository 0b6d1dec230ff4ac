import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isRouted, type Pipeline } from 'sallyport'
import { pairsOf } from '../infra/demand.ts'
import { demonstrate, drawApplication, drawPayment, seal, type Demonstrated } from '../local/demonstration.ts'
import { Mistake } from '../local/mistake.ts'
import type { Run } from '../local/run.ts'
import { startStack, type Stack } from '../local/stack.ts'
import { checkTypes } from '../local/types.ts'
import { watch } from '../local/watch.ts'
import { curl, placeholder } from './curl.ts'
import { examples, folderOf, localFolder, project } from './folders.ts'
import { paint, say, stages, table } from './screen.ts'
import { tail } from './tail.ts'
import { readOptions, Refused, Usage } from './usage.ts'

function portOf(text = '8787'): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new Usage('PORT is not a port number')
  return port
}

/** `sign-up`, or `sign-up:9230`. */
function inspected(text: string): { readonly function: string; readonly port: number } {
  const [, name, port = '9229'] = /^([a-z][a-z0-9-]*)(?::(\d{4,5}))?$/.exec(text) ?? []
  if (name === undefined) throw new Usage('--inspect wants a pipeline, and may name a port, as in sign-up:9230')
  return { function: name, port: Number(port) }
}

const own = ({ run, routes }: Stack): void => {
  say(table(['route', 'who may call', 'function'], routes.map(({ key, auth, function: name }) => [key, auth === 'AWS_IAM' ? 'signed (SigV4), allowed by IAM' : 'anybody', name])))
  say()
  say(table(['what', 'where'], [
    ['gateway', run.gateway], ['control', run.control], [run.pids.aws === null ? 'AWS (yours)' : 'AWS (stand-in)', run.aws.endpoint],
    ...Object.entries(run.partners).map(([name, { received }]) => [`${name} received`, relative(project, received)]), ['log', relative(project, run.log)],
  ]))
}

function show({ answers, deliveries, masked, wrong }: Demonstrated): void {
  say(paint('bold', 'What was answered'))
  for (const { title, status, code, body, right } of answers) {
    say(`${title} ${paint(right ? 'green' : 'red', String(status))}${code === undefined ? '' : ` ${code}`}`)
    say(paint('dim', `  ${body}`))
  }
  for (const { partner, request, idempotencyKey, sealed, body } of deliveries) {
    say()
    say(paint('bold', `What ${partner} received${sealed ? ', opened with its own key' : ''}`))
    say(`  ${request}, Idempotency-Key: ${idempotencyKey}`)
    say(`  ${JSON.stringify(body)}`)
  }
  say()
  say(paint('bold', 'What the log shows'))
  for (const line of masked) say(`  ${line.replaceAll('***', paint('yellow', '***'))}`)
  if (wrong.length > 0) say()
  for (const sentence of wrong) say(paint('red', `wrong: ${sentence}`))
}

function parsed(text: string): object | undefined {
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

/** What a pipeline's example makes of a curl line; one that arrives sealed is sealed into a file. */
async function sample(run: Run, pipeline: Pipeline, example: string): Promise<{ readonly type: string; readonly data: string }> {
  const bare = placeholder(pipeline)
  if (!existsSync(example)) return bare
  if (bare.type === 'application/json') return { ...bare, data: `@${relative(process.cwd(), example)}` }
  const [pair] = pairsOf([pipeline])
  if (pair === undefined) return bare
  const message = parsed(readFileSync(example, 'utf8'))
  // The example is where the test reads it too, and says more there.
  if (message === undefined) return bare
  const file = join(localFolder, `${pipeline.name}.jwe`)
  writeFileSync(file, await seal(run.gateway, message, `${pair.name}-`), { mode: 0o600 })
  return { ...bare, data: `@${relative(process.cwd(), file)}` }
}

/** Lines to paste: the sealed payment lies in a file, fresh and not sent yet. */
async function invite(stack: Stack, ours: boolean, folder: string): Promise<void> {
  const { run, routes, pipelines } = stack
  say(paint('bold', 'Try it'))
  const route = (key: string) => routes.find((each) => each.key === key)
  const [jwks, payments, loans] = [route('GET /.well-known/jwks.json'), route('POST /payments'), route('POST /loan-applications')]
  if (jwks) say(curl(run, jwks))
  if (ours && payments && loans) {
    const file = join(localFolder, 'payment.jwe')
    writeFileSync(file, await seal(run.gateway, drawPayment()), { mode: 0o600 })
    say(curl(run, loans, { type: 'application/json', data: JSON.stringify(drawApplication()) }))
    say(curl(run, payments, { type: 'application/jose', data: `@${file}` }))
  } else {
    for (const pipeline of pipelines) {
      const own = isRouted(pipeline.trigger) ? route(`${pipeline.trigger.method} ${pipeline.trigger.path}`) : undefined
      if (own) say(curl(run, own, await sample(run, pipeline, join(folder, `${pipeline.name}.example.json`))))
    }
  }
}

/** Takes an edit over, or says in one message why what ran before goes on. */
async function edited(stack: Stack, pipelines: string, names: readonly string[]): Promise<void> {
  const since = performance.now()
  const what = names.join(', ')
  try {
    // What does not compile is not run.
    const types = checkTypes(project, pipelines, localFolder)
    types.catch(() => { /* told by whoever waits for it */ })
    const more = await stack.reload(types)
    stack.publish()
    process.stderr.write(`${paint('green', '↻')} ${what}: running${more ? ', with its new routes, policies and keys' : ''} (${((performance.now() - since) / 1000).toFixed(1)} s)\n`)
  } catch (error) {
    process.stderr.write(`${paint('red', '✗')} ${(error as Error).message}\n  the last good version goes on\n`)
  }
}

/** Runs the synthesized template on this machine, shows it at work, and stays up; with `--once`, tells how it went by its exit code. */
export async function start(args: string[]): Promise<number> {
  const { values } = readOptions({ args, options: { once: { type: 'boolean', default: false }, pipelines: { type: 'string' }, inspect: { type: 'string' } } })
  const pipelines = folderOf(values.pipelines)
  const ours = pipelines === examples
  const port = portOf(process.env['PORT'])
  const progress = stages()
  let stack: Stack | undefined
  let end: (() => void) | undefined
  const ended = new Promise<void>((resolve) => { end = resolve })
  // While it is starting there is nothing to finish: the processes end when they lose us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => (stack ? end?.() : process.exit(1)))

  try {
    const types = checkTypes(project, pipelines, localFolder)
    types.catch(() => { /* told below, when all else is up or has failed */ })
    stack = await startStack({ project, dir: localFolder, pipelines, port, ...values.inspect !== undefined && { inspect: inspected(values.inspect) }, progress: (what) => progress.next(what), note: (sentence) => progress.note(sentence) })
    await types
  } catch (error) {
    progress.done()
    await stack?.stop()
    throw error instanceof Mistake ? error : new Refused((error as Error).message, { cause: error })
  }
  try {
    if (ours) progress.next('sending a payment and two loan applications')
    const demonstrated = ours ? await demonstrate(stack.run) : undefined
    progress.done()
    say()
    own(stack)
    say()
    if (demonstrated) {
      show(demonstrated)
      say()
    }
    await invite(stack, ours, pipelines)
    stack.publish()
    if (values.once) return demonstrated === undefined || demonstrated.wrong.length === 0 ? 0 : 1

    say()
    say(paint('dim', `Running; .local/run.json says where. Ctrl-C ends it. From here on the log:`))
    const stop = tail(stack.run.log, (line) => say(line))
    const edits = watch(() => stack?.files ?? [], pipelines, (names) => edited(stack, pipelines, names))
    await ended
    edits.stop()
    stop()
    return 0
  } finally {
    await stack.stop()
  }
}
