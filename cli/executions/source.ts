import type { Line } from './line.ts'
import type { Wanted } from './wanted.ts'

/** A log that can be asked. Both refuse in a sentence (Refused) what cannot be read. */
export interface Source {
  /** Where it looks, as words in a sentence. */
  readonly where: string
  /** How far it looks back where nothing is said, in milliseconds: an hour, and a week for an execution by its id. All there is where it has none. */
  readonly back?: { readonly lines: number; readonly execution: number }
  /** The oldest first. */
  read(wanted: Wanted, signal: AbortSignal): Promise<Line[]>
  /** Hands over each line that is written from now on, until the signal. */
  follow(wanted: Wanted, each: (line: Line) => void, signal: AbortSignal): Promise<void>
}
