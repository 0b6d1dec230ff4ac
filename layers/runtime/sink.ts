import { writeSync } from 'node:fs'
import { format } from 'node:util'
import { isFault, type Fault } from './fault.ts'
import { about, Redactor } from './redact.ts'

/**
 * Where all log lines of this process end: one JSON object a line on standard output. By its descriptor, at a third of
 * what the stream costs; a pipe that is full for the moment is waited for.
 */
function write(line: string): void {
  const text = `${line}\n`
  let done = attempt(text)
  const whole = Buffer.byteLength(text)
  while (done < whole) done += attempt(Buffer.from(text).subarray(done))
}

function attempt(part: string | Uint8Array): number {
  try {
    return typeof part === 'string' ? writeSync(1, part) : writeSync(1, part)
  } catch (error) {
    // Nobody reads any more: there is nowhere to say so.
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return Number.POSITIVE_INFINITY
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    return 0
  }
}

/** The redactor of the invocation at work; before the first one, names and detectors alone. */
let current = new Redactor([])
let id: string | undefined

/** From here on everything that this process writes is redacted with what this invocation knows. */
export function logFor(invocation: string, redactor: Redactor): void {
  id = invocation
  current = redactor
}

let at = 0
let stamp = ''
/** The time as a line has it. Lines of one message mostly fall into one millisecond, and writing a date is dear. */
export function moment(): string {
  const now = Date.now()
  if (now !== at) {
    at = now
    stamp = new Date(now).toISOString()
  }
  return stamp
}

/** One line. `own` is what the runtime itself says, words of ours and counts: only `fields` can hold what a pipeline meets. */
export function emit(own: Readonly<Record<string, unknown>>, fields?: Readonly<Record<string, unknown>>): void {
  write(fields === undefined ? JSON.stringify(own) : current.line(fields, own))
}

/** What a line may say of a fault besides its code: where a schema was not met, or where a foreign error was thrown. */
export const details = (fault: Fault, thrown: unknown): Readonly<Record<string, unknown>> => ({
  ...fault.paths.length > 0 && { paths: fault.paths }, ...thrown instanceof Error && !isFault(thrown) && about(thrown),
})

/**
 * Takes over `console`, stdout and stderr: whatever a step or a library prints becomes a line of ours. And whatever is
 * thrown outside of a run ends the process with a code: Node would print the message, which may quote a payload.
 */
export function own(): void {
  const levels = { log: 'info', info: 'info', debug: 'debug', trace: 'debug', warn: 'warn', error: 'error', dir: 'info', table: 'info' } as const
  for (const [method, level] of Object.entries(levels)) {
    Object.defineProperty(console, method, { configurable: true, value: (...args: unknown[]) => print(level, args), writable: true })
  }
  for (const [name, level] of [['stdout', 'info'], ['stderr', 'error']] as const) {
    // Made when somebody first asks for it: opening the streams costs milliseconds of every cold start.
    const real = Object.getOwnPropertyDescriptor(process, name)
    let stream: NodeJS.WriteStream | undefined
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream ??= redacted(real?.get?.call(process) as NodeJS.WriteStream, level) })
  }
  const last = (event: string) => (thrown: unknown): void => {
    emit({ event, level: 'error', ...id !== undefined && { id } }, thrown instanceof Error ? about(thrown) : { error: typeof thrown })
    process.exit(1)
  }
  process.prependListener('uncaughtException', last('uncaught'))
  process.prependListener('unhandledRejection', last('unhandled'))
  process.removeAllListeners('warning')
  process.on('warning', ({ name }) => emit({ event: 'warning', level: 'warn', warning: name }))
}

function redacted(stream: NodeJS.WriteStream, level: string): NodeJS.WriteStream {
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8')
    if (text.trim() !== '') print(level, [text.trimEnd()])
    const done = rest.at(-1)
    if (typeof done === 'function') process.nextTick(done)
    return true
  }
  return stream
}

function print(level: string, args: readonly unknown[]): void {
  const [first] = args
  // One object alone keeps its structure, so that names at any depth are seen; text is formatted as console would.
  const content = args.length === 1 && typeof first === 'object' && first !== null ? { fields: first }
    : { text: current.text(format(...args.map((arg) => arg instanceof Error ? JSON.stringify(about(arg)) : typeof arg === 'object' && arg !== null ? current.line({ value: arg }).slice(9, -1) : arg))) }
  emit({ event: 'print', level, ...id !== undefined && { id } }, content)
}
