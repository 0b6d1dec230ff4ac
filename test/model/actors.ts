import {
  confirmDoubt, leaseOf, releaseDoubt, rules, sweep, sweepable, type Claim, type Item, type Transition,
} from '../../layers/runtime/ledger.ts'
import { claiming, settling, type Answer, type Hold } from '../../layers/runtime/protocol.ts'
import { days, window } from './world.ts'

/** What an actor waits for: its turn and the clock, an answer of DynamoDB, an answer of the partner, or to look at what is there. */
export type Point =
  | { readonly kind: 'clock' }
  | { readonly kind: 'write'; readonly transitions: readonly Transition[] }
  | { readonly kind: 'send'; readonly once: string | undefined }
  | { readonly kind: 'look' }

/** What it is told. `lost`: no answer ever came. */
export type Told =
  | { readonly now: number }
  | { readonly answer: Answer; readonly now: number }
  | { readonly lost: true; readonly now: number }
  | { readonly effect: 'done' | 'none' | 'unknown'; readonly now: number }
  | { readonly now: number; readonly items: readonly Item[]; readonly acted: boolean }

export type Actor = Generator<Point, string, Told>

/** One execution: claims, sends once, and settles, by the code that Lambda runs. */
export interface Execution {
  readonly name: string
  readonly payload: string
  /** Whether its send carries `once`. */
  readonly keyed: boolean
  /** The version of the digest key that it writes, and those that it checks. */
  readonly written: 1 | 2
  readonly others: readonly (1 | 2)[]
  /** By how much its clock is wrong. */
  readonly offset: number
}

const seconds = 15_000
/** How long a send may take. */
const longest = 5_000

class Unavailable extends Error {
  readonly now: number
  constructor(now: number) {
    super()
    this.now = now
  }
}

/** Passes the writes of the protocol on, and throws where no answer came. */
function* written<T>(writing: Generator<readonly Transition[], T, Answer>): Generator<Point, T, Told> {
  let next = writing.next()
  while (!next.done) {
    const told = yield { kind: 'write', transitions: next.value }
    if (!('answer' in told)) throw new Unavailable('now' in told ? told.now : 0)
    next = writing.next(told.answer)
  }
  return next.value
}

function* clock(): Generator<Point, number, Told> {
  const told = yield { kind: 'clock' }
  return 'now' in told ? told.now : 0
}

export function* execution({ name, payload, keyed, written: version, others }: Execution): Actor {
  const now = yield* clock()
  const lease = leaseOf(now + seconds)
  const under = (digestVersion: number): Claim => ({
    id: `digest-${digestVersion}`, attempt: name, pipeline: 'loans', fingerprint: `${payload}-${digestVersion}`, digestVersion, origin: undefined,
    now, lease, replaySafe: keyed, window, days,
  })
  let held: Hold | undefined
  const settled = function* (effect: 'done' | 'none' | 'unknown', at: number): Generator<Point, boolean, Told> {
    if (held === undefined) return effect !== 'done'
    try {
      return yield* written(settling(held, { effect, repeatable: keyed }, { now: at }))
    } catch {
      return effect !== 'done'
    }
  }
  try {
    const refusal = yield* written(claiming([[under(version), ...others.map(under)]], (mine) => { held = mine }))
    if (refusal !== undefined) return refusal.verdict
  } catch (error) {
    yield* settled('none', (error as Unavailable).now)
    return 'unavailable'
  }
  const begun = yield* clock()
  if (!rules['ends before the lease'](begun, longest, lease)) {
    yield* settled('none', begun)
    return 'out of time'
  }
  const told = yield { kind: 'send', once: keyed ? payload : undefined }
  const effect = 'effect' in told ? told.effect : 'unknown'
  return outcome(yield* settled(effect, told.now), effect)
}

const outcome = (stands: boolean, effect: string): string => effect !== 'done' ? `ended ${effect}` : stands ? 'accepted' : 'unconfirmed'

/** The scheduled sweep: looks at what waits, and makes doubts of what lapsed for good. */
export function* sweeper(): Actor {
  const told = yield { kind: 'look' }
  if (!('items' in told)) return 'saw nothing'
  for (const item of told.items) if (sweepable(item, told.now)) yield { kind: 'write', transitions: [sweep(item)] }
  return 'swept'
}

/** A person: looks at a doubt, asks the partner, and decides on what was seen. */
export function* person(): Actor {
  const told = yield { kind: 'look' }
  const doubt = 'items' in told ? told.items.find(({ state }) => state === 'doubt') : undefined
  if (doubt === undefined || !('items' in told)) return 'nothing to do'
  yield { kind: 'write', transitions: [told.acted ? confirmDoubt(doubt, told.now, 'asked', 'somebody') : releaseDoubt(doubt)] }
  return 'decided'
}

