import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { draft } from './draft.ts'
import { folderOf, project } from './folders.ts'
import { say } from './screen.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** Writes a pipeline, a message that shows what it takes, and a test. Overwrites nothing. */
export async function make(args: string[]): Promise<number> {
  const { values, positionals: [name, ...words] } = readOptions({ args, allowPositionals: true, options: { pipelines: { type: 'string' } } })
  if (name === undefined) throw new Usage('say how the pipeline is called, as in: new refund')
  const folder = folderOf(values.pipelines)
  const tests = join(project, 'test')
  const pipelines = relative(tests, folder)
  const { code, example, test } = draft(name, words, pipelines)
  const files = [[join(folder, `${name}.ts`), code], [join(folder, `${name}.example.json`), example], [join(tests, `${name}.test.ts`), test]] as const
  const there = files.find(([file]) => existsSync(file))
  if (there !== undefined) throw new Refused(`${relative(project, there[0])} is there already: call the pipeline otherwise, or remove it first`)
  for (const [file, text] of files) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    say(`  ${relative(project, file)}`)
  }
  return 0
}
