import { format } from 'node:util'
import { ofProcess } from './environment.ts'
import { about } from './redact.ts'
import type { Sink } from './sink.ts'

/**
 * Takes over `console`, stdout and stderr: whatever a step or a library prints becomes a line of ours. And whatever is
 * thrown outside of a run ends the process with a code: Node would print the message, which may quote a payload.
 */
export function own(sink: Sink = ofProcess().sink): void {
  const levels = { log: 'info', info: 'info', debug: 'debug', trace: 'debug', warn: 'warn', error: 'error', dir: 'info', table: 'info' } as const
  for (const [method, level] of Object.entries(levels)) {
    Object.defineProperty(console, method, { configurable: true, value: (...args: unknown[]) => print(sink, level, args), writable: true })
  }
  for (const [name, level] of [['stdout', 'info'], ['stderr', 'error']] as const) {
    // Made when somebody first asks for it: opening the streams costs milliseconds of every cold start.
    const real = Object.getOwnPropertyDescriptor(process, name)
    let stream: NodeJS.WriteStream | undefined
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream ??= redacted(sink, real?.get?.call(process) as NodeJS.WriteStream, level) })
  }
  const last = (event: string) => (thrown: unknown): void => {
    sink.emit({ event, level: 'error', ...sink.id !== undefined && { id: sink.id } }, thrown instanceof Error ? about(thrown) : { error: typeof thrown })
    process.exit(1)
  }
  process.prependListener('uncaughtException', last('uncaught'))
  process.prependListener('unhandledRejection', last('unhandled'))
  process.removeAllListeners('warning')
  process.on('warning', ({ name }) => sink.emit({ event: 'warning', level: 'warn', warning: name }))
}

function redacted(sink: Sink, stream: NodeJS.WriteStream, level: string): NodeJS.WriteStream {
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8')
    if (text.trim() !== '') print(sink, level, [text.trimEnd()])
    const done = rest.at(-1)
    if (typeof done === 'function') process.nextTick(done)
    return true
  }
  return stream
}

function print(sink: Sink, level: string, args: readonly unknown[]): void {
  const { id, redactor } = sink
  const [first] = args
  // One object alone keeps its structure, so that names at any depth are seen; text is formatted as console would.
  const content = args.length === 1 && typeof first === 'object' && first !== null ? { fields: first }
    : { text: redactor.text(format(...args.map((arg) => arg instanceof Error ? JSON.stringify(about(arg)) : typeof arg === 'object' && arg !== null ? redactor.line({ value: arg }).slice(9, -1) : arg))) }
  sink.emit({ event: 'print', level, ...id !== undefined && { id } }, content)
}
