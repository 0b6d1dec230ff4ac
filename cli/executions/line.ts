/** One line of a log. */
export interface Line {
  /** As it was written: one JSON object. */
  readonly raw: string
  readonly fields: Readonly<Record<string, unknown>>
  /** Epoch milliseconds. A local line without a time has that of the line before it. */
  readonly at: number | undefined
  /** Of the execution. */
  readonly id: string | undefined
  /** The short name of the function that wrote it: a pipeline's name, or one of ours. */
  readonly function: string | undefined
}

/** A member of a line, if it is text. */
export const textOf = ({ fields }: Line, name: string): string | undefined => {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

/** A member of a line, if it is a number. */
export const numberOf = ({ fields }: Line, name: string): number | undefined => {
  const value = fields[name]
  return typeof value === 'number' ? value : undefined
}

/** An object in a line, as `calls` and `steps`: the members that are numbers. */
export const countsOf = ({ fields }: Line, name: string): [string, number][] => {
  const value = fields[name]
  return typeof value === 'object' && value !== null ? Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number') : []
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

function parsed(raw: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(raw)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Reads a line. What is no JSON object is wrapped as `{function, text}`, as the local run wraps it. */
export function lineOf(text: string, known: { readonly at?: number | undefined; readonly function?: string | undefined } = {}): Line {
  const found = parsed(text)
  const fields = found ?? { function: known.function ?? '', text }
  const own = (name: string): string | undefined => typeof fields[name] === 'string' ? fields[name] : undefined
  // What Lambda itself says names the execution in its record.
  const record = isObject(fields['record']) && typeof fields['record']['requestId'] === 'string' ? fields['record']['requestId'] : undefined
  const time = Date.parse(own('time') ?? '')
  return {
    raw: found === undefined ? JSON.stringify(fields) : text.trim(), fields,
    at: known.at ?? (Number.isNaN(time) ? undefined : time), id: own('id') ?? record, function: known.function ?? own('pipeline') ?? own('function'),
  }
}
