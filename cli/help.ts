import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { home } from '../infra/home.ts'
import { verbs, type Verb } from './verbs.ts'

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${styleText('bold', left.padEnd(width))}  ${right}`).join('\n')
}

/** What there is to say about one verb. */
export const verbHelp = ({ about, usage, options, example }: Verb): string =>
  [`${usage}\n  ${about}`, ...options.length > 0 ? [columns(options)] : [], `example\n  ${example}`].join('\n\n')

/** What there is at all. */
export const help = (): string => `usage: sallyport VERB [OPTIONS]; each VERB takes --help\n\n${columns(Object.entries(verbs).filter(([, { inner }]) => !inner || existsSync(join(home, 'bench'))).map(([name, { about }]) => [name, about]))}`
