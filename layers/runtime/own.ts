import { format } from 'node:util'
import { ofProcess } from './environment.ts'
import { about } from './redact.ts'
import type { Sink } from './sink.ts'

/**
 * Takes over `console`, stdout and stderr: whatever a step or a library prints becomes a line of ours. And whatever is
 * thrown outside of a run ends the process with a code: Node would print the message, which may quote a payload.
 */
export function own(sink: Sink = ofProcess().sink): void {
  prints(() => sink)
  const last = (event: string) => (thrown: unknown): void => {
    sink.emit({ event, level: 'error', ...sink.id !== undefined && { id: sink.id } }, thrown instanceof Error ? about(thrown) : { error: typeof thrown })
    process.exit(1)
  }
  process.prependListener('uncaughtException', last('uncaught'))
  process.prependListener('unhandledRejection', last('unhandled'))
  process.removeAllListeners('warning')
  process.on('warning', ({ name }) => sink.emit({ event: 'warning', level: 'warn', warning: name }))
}

/** Makes a line of the sink at work of all that is printed. Gives what undoes it. */
export function prints(at: () => Sink): () => void {
  const levels = { log: 'info', info: 'info', debug: 'debug', trace: 'debug', warn: 'warn', error: 'error', dir: 'info', table: 'info' } as const
  const undo: (() => void)[] = []
  const define = (on: object, name: string, made: PropertyDescriptor): void => {
    const before = Object.getOwnPropertyDescriptor(on, name)
    undo.push(() => { if (before === undefined) Reflect.deleteProperty(on, name); else Object.defineProperty(on, name, before) })
    Object.defineProperty(on, name, { ...made, configurable: true })
  }
  for (const [method, level] of Object.entries(levels)) {
    define(console, method, { value: (...args: unknown[]) => print(at(), level, args), writable: true })
  }
  for (const [name, level] of [['stdout', 'info'], ['stderr', 'error']] as const) {
    // Made when somebody first asks for it: opening the streams costs milliseconds of every cold start.
    const real = Object.getOwnPropertyDescriptor(process, name)
    let stream: NodeJS.WriteStream | undefined
    define(process, name, { enumerable: true, get: () => {
      if (stream === undefined) {
        stream = (real?.get === undefined ? real?.value : real.get.call(process)) as NodeJS.WriteStream
        define(stream, 'write', { value: written(at, level), writable: true })
      }
      return stream
    } })
  }
  return () => { for (const each of undo.reverse()) each() }
}

const written = (at: () => Sink, level: string) => (chunk: unknown, ...rest: unknown[]): boolean => {
  const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('utf8')
  if (text.trim() !== '') print(at(), level, [text.trimEnd()])
  const done = rest.at(-1)
  if (typeof done === 'function') process.nextTick(done)
  return true
}

function print(sink: Sink, level: string, args: readonly unknown[]): void {
  const { id, redactor } = sink
  const [first] = args
  // One object alone keeps its structure, so that names at any depth are seen; text is formatted as console would.
  const content = args.length === 1 && typeof first === 'object' && first !== null ? { fields: first }
    : { text: redactor.text(format(...args.map((arg) => arg instanceof Error ? JSON.stringify(about(arg)) : typeof arg === 'object' && arg !== null ? redactor.line({ value: arg }).slice(9, -1) : arg))) }
  sink.emit({ event: 'print', level, ...id !== undefined && { id } }, content)
}
