import { applied, conditions, leaseOf, type Item, type Transition } from '../../layers/runtime/ledger.ts'
import type { Answer } from '../../layers/runtime/protocol.ts'

/**
 * What the model's executions act upon: the table, a partner that keeps its word, and the time. Every write is DynamoDB's: all
 * conditions of a transaction hold and all of it happens, or nothing does.
 */
export interface World {
  /** Milliseconds of nobody's clock. */
  readonly time: number
  readonly items: ReadonlyMap<string, Item>
  /** What the partner did and was sent for the identifier, since its last acceptance expired. */
  readonly acts: readonly { readonly once: string | undefined; readonly at: number }[]
  /** Sends that were not answered by `none`. */
  readonly sent: readonly (string | undefined)[]
  /** By how much the clock of each execution is wrong. */
  readonly offsets: ReadonlyMap<string, number>
}

/** The moments between which the time jumps. An execution has 15 seconds, its lease three more, the partner remembers an hour. */
export const moments = {
  begin: 1_000_000,
  /** It has a second left, and other clocks are up to three ahead of its own. */
  ending: 1_000_000 + 14_000,
  /** On every clock the lease is over. */
  lapsed: 1_000_000 + 20_000,
  /** The partner has forgotten what it did first; whoever slept has woken or ended. */
  forgotten: 1_000_000 + 2 * 3_600_000,
  /** What was confirmed first has expired. */
  expired: 1_000_000 + 2 * 3_600_000 + 2 * 86_400_000,
} as const
export const order = Object.values(moments)
export const window = 3_600_000
/** Days for which an acceptance is remembered. */
export const days = 1

/** Something that must never be. */
export class Violation extends Error {}

/** One write, as DynamoDB does it. */
export function write(world: World, transitions: readonly Transition[]): { readonly world: World; readonly answer: Answer } {
  const standing = transitions.map((each) => {
    const item = world.items.get(each.id)
    return each.when.some((all) => all.every((name) => conditions[name].holds(item, each.given))) ? 'fits' : item ?? 'nothing'
  })
  if (standing.some((each) => each !== 'fits')) return { world, answer: standing }
  const items = new Map(world.items)
  let { acts, sent } = world
  for (const transition of transitions) {
    const before = items.get(transition.id)
    const after = applied(before, transition)
    watch(world, transition, before, after)
    // A new life: what was done for the acceptance that expired is another matter, and a person has made sure that nothing was done.
    if (transition.name === 'release doubt' || transition.name === 'claim' && world.items.size > 0 && [...world.items.values()].every((each) => past(each, transition.given.now))) [acts, sent] = [[], []]
    if (after === undefined) items.delete(transition.id)
    else items.set(transition.id, after)
  }
  const fresh = { ...world, items, acts, sent }
  watchAll(fresh)
  return { world: fresh, answer: 'written' }
}

/** Confirmed, and past its retention. */
const past = ({ state, expires = Infinity }: Item, now = 0): boolean => state === 'confirmed' && expires * 1_000 <= now

/** Whether a single change may be. */
function watch({ time, offsets }: World, { name, given }: Transition, before: Item | undefined, after: Item | undefined): void {
  if (before === undefined || name === 'absence') return
  if (name === 'confirm doubt' || name === 'release doubt') {
    if (before.state !== 'doubt') throw new Violation('a person decided on what is no doubt')
    if (given.seen?.attempt !== before.attempt) throw new Violation('a person decided on another doubt than was looked at')
    return
  }
  const own = name !== 'take over' && given.attempt === before.attempt
  const standing = before.state === 'confirmed' && (before.expires ?? 0) * 1_000 > time
  if (standing && after?.state !== 'confirmed') throw new Violation('what was confirmed, and is not past its retention, was changed')
  if (own || before.state === 'confirmed') return
  if (name === 'sweep') {
    if (before.repeatable > time + skew) throw new Violation('what the same message could still repeat was made a doubt')
    return
  }
  if (name !== 'take over') throw new Violation('a record was changed by another attempt')
  if (before.state === 'doubt') throw new Violation('a doubt was taken over')
  // By its own clock an execution ends when its time is over; the lease is that and the margin.
  const ends = (before.lease ?? 0) - leaseOf(0) - (offsets.get(before.attempt) ?? 0)
  if (ends > time) throw new Violation('an attempt that may still act was taken over')
}

/** Milliseconds by which a clock may be wrong; two of them make the margin of a lease. */
export const skew = 1_500

/** What must hold of the whole at any time. */
export function watchAll({ time, items, acts, sent }: World): void {
  if (acts.length > 1) throw new Violation('the partner acted twice for one identifier')
  if (sent.length > 1 && sent.some((once) => once === undefined || once !== sent[0])) throw new Violation('there were two sends that were not answered by none, and not all under one key')
  for (const item of items.values()) if (item.state === 'confirmed' && !past(item, time) && acts.length === 0) throw new Violation('it was confirmed, and the partner never acted')
}

/** The partner: it acts once a key for as long as it remembers. */
export function act(world: World, once: string | undefined): World {
  const known = once !== undefined && world.acts.some((done) => done.once === once && done.at + window > world.time)
  const fresh = { ...world, acts: known ? world.acts : [...world.acts, { once, at: world.time }] }
  watchAll(fresh)
  return fresh
}
export function send(world: World, once: string | undefined): World {
  const fresh = { ...world, sent: [...world.sent, once] }
  watchAll(fresh)
  return fresh
}
