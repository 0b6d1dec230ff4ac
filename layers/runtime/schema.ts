import { Fault } from './fault.ts'

/** Standard Schema, version 1 (https://standardschema.dev): what valibot, zod, arktype and others all are. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}
interface Issue { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }
type Result<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

type Code = 'PAYLOAD_INVALID' | 'REPLY_INVALID' | 'STORED_UNREADABLE'

/** The value if it fits the schema. Throws `code` with at most 20 paths: messages may quote the value, so they are dropped. */
export function accept<Output>(schema: StandardSchema<unknown, Output>, value: unknown, code: Code): Output | Promise<Output> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then((settled) => outcome(settled, code)) : outcome(result, code)
}

function outcome<Output>(result: Result<Output>, code: Code): Output {
  if (result.issues === undefined) return result.value
  const paths = new Set<string>()
  for (const issue of result.issues) {
    paths.add(spell(issue))
    if (paths.size === 20) break
  }
  throw new Fault(code, [...paths])
}

/** 'cards[0].pan'. A name that the schema does not know is the sender's own text and becomes `*`. */
function spell(issue: Issue): string {
  const { path = [] } = issue
  const unknown = (issue as { type?: string; expected?: string | null }).expected === 'never'
  let text = ''
  for (const [i, part] of path.entries()) {
    const key = typeof part === 'object' ? part.key : part
    if (unknown && i === path.length - 1) text += text === '' ? '*' : '.*'
    else if (typeof key === 'number' || /^\d+$/.test(String(key)) && String(key).length < 6) text += `[${String(key)}]`
    else if (!/^[A-Za-z_$][\w$-]{0,39}$/.test(String(key)) || /\d{6}/.test(String(key))) text += text === '' ? '*' : '.*'
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return text === '' ? '$' : text
}

/**
 * A JSON Schema as a Standard Schema. Import it from a file named `*.schema.json`: the build lints it and compiles it,
 * so that no schema compiler runs in Lambda. What it accepts is the type named here.
 */
export function jsonSchema<Output>(schema: object): StandardSchema<unknown, Output> {
  if (!('~standard' in schema)) throw new TypeError('jsonSchema: import the schema from a file named *.schema.json, so that the build can compile it')
  return schema as StandardSchema<unknown, Output>
}
