import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Pipeline } from 'sallyport'
import { readFolder } from '../local/definitions.ts'
import { folderOf } from './folders.ts'
import { Capture } from './where/capture.ts'
import { check, passes, type Report } from './where/check.ts'
import { exampleOf, fieldsOf, hasExample, named, sensitiveFields, type Example, type Field } from './where/example.ts'
import { markdown, page, plain } from './where/report.ts'
import { Sought } from './where/search.ts'
import { svg } from './where/svg.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** A pipeline, its example, and what is asked about it. */
interface Asked {
  readonly pipeline: Pipeline
  readonly example: Example
  readonly all: readonly Field[]
  readonly fields: readonly Field[]
}

const isTelling = ({ value }: Field): boolean => new Sought(value).isTelling

/** Says where fields of a message come to: 0 if they are readable only where the definition says so, else 1. */
export async function where(args: string[]): Promise<number> {
  const { values, positionals } = readOptions({
    args, allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false }, pipeline: { type: 'string' }, message: { type: 'string' }, pipelines: { type: 'string' },
      json: { type: 'boolean', default: false }, markdown: { type: 'boolean', default: false }, svg: { type: 'string' },
    },
  })
  if (values.all === positionals.length > 0) throw new Usage('name fields, as applicant.ssn, or --all for all sensitive ones')
  if (values.json && values.markdown) throw new Usage('--json or --markdown, not both')
  const folder = folderOf(values.pipelines)
  const { realm, pipelines } = await readFolder(folder)
  const wanted = pipelines.filter(({ name }) => values.pipeline === undefined || name === values.pipeline)
  if (wanted.length === 0) throw new Usage(`there is no pipeline ${values.pipeline}; there are ${pipelines.map(({ name }) => name).join(', ')}`)
  if (values.message !== undefined && wanted.length > 1) throw new Usage('--message is for one pipeline: name it with --pipeline NAME')

  // Asked for one field, a pipeline without an example is passed over with a word; asked for all, it is not.
  const known = values.all || wanted.length === 1 ? wanted : wanted.filter((pipeline) => hasExample(pipeline, folder))
  for (const { name } of wanted.filter((pipeline) => !known.includes(pipeline))) process.stderr.write(`${name} has no ${name}.example.json beside its file, and is not looked at\n`)
  const asked = known.map((pipeline): Asked => {
    const example = exampleOf(pipeline, folder, values.message === undefined ? undefined : resolve(values.message))
    const all = fieldsOf(example.message)
    const fields = values.all ? sensitiveFields(all, realm, pipeline).filter(isTelling) : all.filter((field) => positionals.some((path) => named([field], path)))
    return { pipeline, example, all, fields }
  })
  refuse(positionals, asked)

  const reports: Report[] = []
  const progress = process.stderr.isTTY ? process.stderr.write.bind(process.stderr) : undefined
  const capture = new Capture()
  try {
    for (const { pipeline, example, fields } of asked.filter((each) => each.fields.length > 0)) {
      progress?.(`\r\u001B[K… ${pipeline.name}`)
      reports.push(await check({ pipeline, realm, example }, fields, capture))
    }
  } catch (error) {
    if (error instanceof Usage || error instanceof Refused || !(error instanceof Error)) throw error
    // A foreign message may quote a value: of ours, too.
    const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).slice(0, 3).map((line) => line.trim())
    throw new Refused(`where could not go on: ${error.constructor.name} ${frames.join(', ')}`)
  } finally {
    capture.release()
    progress?.('\r\u001B[K')
  }
  if (values.svg !== undefined) writeFileSync(resolve(values.svg), svg(reports))
  const right = reports.every(passes)
  process.stdout.write(values.json ? `${JSON.stringify({ passes: right, pipelines: reports.map(plain) }, null, 2)}\n` : `${reports.map(values.markdown ? markdown : page).join('\n\n')}\n`)
  return right ? 0 : 1
}

/** Throws {@link Usage} for a field that no example has, or that cannot be told from other text. */
function refuse(paths: readonly string[], asked: readonly Asked[]): void {
  for (const path of paths) {
    const found = asked.flatMap(({ all }) => named(all, path) ?? [])
    if (found.length === 0) throw new Usage(`no example has a text or number ${path}; there are ${asked.map(({ pipeline, all }) => `in ${pipeline.name} ${all.map((field) => field.path).join(', ')}`).join('; ')}`)
    if (!found.every(isTelling)) throw new Usage(`${path}: a value of fewer than three letters and digits cannot be told from others`)
  }
  if (asked.every(({ fields }) => fields.length === 0)) throw new Usage('no example has a field with a sensitive name: the realm and the pipelines list them under sensitive')
}
