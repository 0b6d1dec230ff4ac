import { writeSync } from 'node:fs'
import { isFault, type Fault } from './fault.ts'
import { about, Redactor } from './redact.ts'

/**
 * One line on the standard output of this process. By its descriptor, at a third of what the stream costs; a pipe that is
 * full for the moment is waited for.
 */
export function standardOutput(line: string): void {
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

/** Where all log lines of an environment end. */
export class Sink {
  readonly #write: (line: string) => void
  readonly #now: () => number
  /** The redactor of the invocation at work; before the first one, names and detectors alone. */
  redactor = new Redactor([])
  /** Of the invocation at work. */
  id: string | undefined
  #at = 0
  #stamp = ''

  constructor(write: (line: string) => void, now: () => number) {
    this.#write = write
    this.#now = now
  }

  /** From here on every line is redacted with what this invocation knows. */
  begin(id: string, redactor: Redactor): void {
    this.id = id
    this.redactor = redactor
  }

  /** The time as a line has it. Lines of one message mostly fall into one millisecond, and writing a date is dear. */
  moment(): string {
    const now = this.#now()
    if (now !== this.#at) {
      this.#at = now
      this.#stamp = new Date(now).toISOString()
    }
    return this.#stamp
  }

  /** One line. `own` is what the runtime itself says, words of ours and counts: only `fields` can hold what a pipeline meets. */
  emit(own: Readonly<Record<string, unknown>>, fields?: Readonly<Record<string, unknown>>): void {
    this.#write(fields === undefined ? JSON.stringify(own) : this.redactor.line(fields, own))
  }
}

/** What a line may say of a fault besides its code: where a schema was not met, or where a foreign error was thrown. */
export const details = (fault: Fault, thrown: unknown): Readonly<Record<string, unknown>> => ({
  ...fault.paths.length > 0 && { paths: fault.paths }, ...fault.reason !== undefined && { reason: fault.reason }, ...thrown instanceof Error && !isFault(thrown) && about(thrown),
})
