import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { version } from './folders.ts'
import { files, manifest } from './project.ts'
import { paint, say } from './screen.ts'
import { readOptions, Refused } from './usage.ts'

type Fields = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The second where the first says nothing. */
function joined(there: Fields, wanted: Fields): Fields {
  const merged: Record<string, unknown> = { ...there }
  for (const [name, value] of Object.entries(wanted)) {
    const before = merged[name]
    merged[name] = before === undefined ? value : isObject(before) && isObject(value) ? joined(before, value) : before
  }
  return merged
}

/** `npm init` writes a failing test script, and an empty entry, for whoever has none. */
function unfilled(there: Fields): Fields {
  const { test, ...scripts } = isObject(there['scripts']) ? there['scripts'] : {}
  const { type, ...rest } = there
  return {
    ...rest, ...type !== undefined && type !== 'commonjs' && { type },
    scripts: { ...scripts, ...typeof test === 'string' && !test.includes('no test specified') && { test } },
  }
}

/** Folder `my-payments` makes the id `MyPayments`. */
const idOf = (folder: string): string => basename(folder).split(/[^A-Za-z0-9]+/).filter((word) => /^[A-Za-z]/.test(word)).map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join('') || 'App'

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Writes a project into the folder where it is called, and asks nothing. What is there stays as it is. */
export async function init(args: string[]): Promise<number> {
  readOptions({ args, options: {} })
  const folder = process.cwd()
  const packageFile = join(folder, 'package.json')
  const there = existsSync(packageFile) ? parsed(readFileSync(packageFile, 'utf8')) : {}
  if (!isObject(there)) throw new Refused('package.json is not a JSON object: mend it, or move it away')
  const others = existsSync(join(folder, 'pipelines'))
  if (others) throw new Refused('there is a folder pipelines already: npx sallyport new NAME adds a pipeline to it')
  const made: string[] = []
  for (const [file, text] of Object.entries(files(idOf(folder)))) {
    const path = join(folder, file)
    if (existsSync(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    made.push(file)
  }
  writeFileSync(packageFile, `${JSON.stringify(joined(unfilled(there), { name: basename(folder).toLowerCase(), ...manifest(version()) }), null, 2)}\n`)
  for (const file of ['package.json', ...made]) say(`  ${file}`)
  say()
  say(`${paint('bold', 'Next')}  npm install    what package.json names and is not there yet`)
  say('      npm start      runs it on this machine, and prints a curl line')
  say('      npm test       its test')
  return 0
}
