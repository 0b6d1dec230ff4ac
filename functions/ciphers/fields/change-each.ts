import { Fault, type Io } from 'sallyport'

type Change = (value: unknown, field: string) => Promise<unknown>

/** Values changed at once: KMS and account caches answer many askers by one request, and memory stays small. */
const atOnce = 64

/** 'cards[*].pan' as ['cards', '*', 'pan']. */
const segments = (path: string): string[] => path.replaceAll('[*]', '.*').split('.').filter((part) => part !== '')

/** Throws a TypeError where one path is within another: what is changed first would not be there for the second. */
export function refuseOverlap(step: string, fields: readonly string[]): void {
  if (fields.length === 0) throw new TypeError(`${step}: name a field, as in fields: ['card.pan']`)
  const all = fields.map((field) => `${segments(field).join('.')}.`)
  for (const [i, one] of all.entries()) {
    const other = all.findIndex((path, j) => j !== i && path.startsWith(one))
    if (other >= 0) throw new TypeError(`${step}: ${fields[i]} and ${fields[other]} overlap; name the outer one alone`)
  }
}

/**
 * A copy of the payload with every value at the paths changed, each in its place; what is absent stays so, the rest is shared.
 * Throws PAYLOAD_INVALID with the path where a list or an object should be and is not, OUT_OF_TIME.
 */
export async function changeEach(payload: unknown, fields: readonly string[], io: Pick<Io, 'now' | 'deadline'>, change: Change): Promise<unknown> {
  let changed = payload
  for (const field of fields) changed = await changeField(changed, field, io, change)
  return changed
}

async function changeField(payload: unknown, field: string, io: Pick<Io, 'now' | 'deadline'>, change: Change): Promise<unknown> {
  const parts = segments(field)
  const found: unknown[] = []
  walk(payload, parts, field, (value) => { found.push(value); return value })
  const changed: unknown[] = []
  for (let at = 0; at < found.length; at += atOnce) {
    // A sender chooses how many there are, and no timer ends a run that never waits: RSA opens a few hundred in a second.
    if (at > 0 && io.now() >= io.deadline) throw new Fault('OUT_OF_TIME')
    changed.push(...await Promise.all(found.slice(at, at + atOnce).map((value) => change(value, field))))
  }
  const next = changed.values()
  return found.length === 0 ? payload : walk(payload, parts, field, () => next.next().value)
}

function walk(value: unknown, [name, ...rest]: readonly string[], field: string, change: (value: unknown) => unknown): unknown {
  if (value === undefined) return value
  if (name === undefined) return change(value)
  if (value === null) return value
  if (name === '*') {
    if (!Array.isArray(value)) throw new Fault('PAYLOAD_INVALID', [field])
    return value.map((item) => walk(item, rest, field, change))
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw new Fault('PAYLOAD_INVALID', [field])
  return Object.hasOwn(value, name) ? { ...value, [name]: walk((value as Record<string, unknown>)[name], rest, field, change) } : value
}
