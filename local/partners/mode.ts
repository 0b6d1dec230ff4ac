/** How a partner behaves, until told otherwise. */
export interface Mode {
  readonly mode: 'ok' | 'refuse' | 'slow' | 'drop' | '500' | '400' | 'nonsense'
  /** How long `slow` takes. */
  readonly ms: number
  /** What `ok` and `slow` answer instead of their own. */
  readonly reply?: unknown
}

export const well: Mode = { mode: 'ok', ms: 0 }

const modes: readonly string[] = ['ok', 'refuse', 'slow', 'drop', '500', '400', 'nonsense'] satisfies readonly Mode['mode'][]
const slowMs = 15_000

/** Reads what a client of the control port asks for. Throws a sentence. */
export function readMode(given: unknown): Mode {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new TypeError('write {"mode": "ok"}')
  const { mode, ms, reply, ...rest } = given as Readonly<Record<string, unknown>>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new TypeError(`${unknown} is not known: mode, ms and reply are`)
  const name = typeof mode === 'number' ? String(mode) : mode
  if (typeof name !== 'string' || !modes.includes(name)) throw new TypeError(`mode is one of ${modes.join(', ')}`)
  if (ms !== undefined && !(typeof ms === 'number' && ms >= 0 && ms <= 600_000)) throw new TypeError('ms is a number up to 600000')
  return { mode: name as Mode['mode'], ms: ms === undefined || (ms === 0 && name === 'slow') ? (name === 'slow' ? slowMs : 0) : ms, ...reply !== undefined && { reply } }
}
