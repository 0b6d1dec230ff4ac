import type { Item, Transition } from '../../layers/runtime/ledger.ts'
import { execution, person, sweeper, type Actor, type Execution, type Point, type Told } from './actors.ts'
import { act, moments, order, send, Violation, watchAll, write, type World } from './world.ts'

/** Who takes part. */
export interface Scenario {
  readonly name: string
  readonly executions: readonly Execution[]
  readonly sweeps: number
  readonly people: number
  /** How many things may go wrong in one schedule: crashes, lost answers, silence, conflicts. */
  readonly mishaps: number
  /** The last moment; none before all is over. */
  readonly until?: keyof typeof moments
}

/** What was explored: complete schedules, distinct states, and steps that were run. */
export interface Explored {
  readonly schedules: number
  readonly states: number
  readonly steps: number
}

/** How a schedule leads to something that must never be. */
export interface Found { readonly scenario: string; readonly why: string; readonly schedule: readonly string[] }

/** An actor is where what it was told has led it; the same things lead to the same place. */
interface Place { readonly told: readonly Told[]; readonly number: number; readonly at: Point | 'ended' }

interface State {
  readonly world: World
  readonly places: readonly Place[]
  /** Writes whose sender has given up, and which will still arrive. */
  readonly flying: readonly (readonly Transition[])[]
  readonly mishaps: number
}

interface Choice { readonly label: string; readonly next: () => State }

/** Runs all schedules of a scenario; the first violation ends it. */
export function explore({ name, executions, sweeps, people, mishaps, until = 'expired' }: Scenario): Explored | Found {
  const actors: readonly { readonly name: string; readonly offset: number; readonly begin: () => Actor; readonly kind: 'execution' | 'sweep' | 'person' }[] = [
    ...executions.map((each) => ({ name: each.name, offset: each.offset, begin: () => execution(each), kind: 'execution' as const })),
    ...Array.from({ length: sweeps }, (_, i) => ({ name: `sweep ${i + 1}`, offset: i % 2 === 0 ? 1_500 : -1_500, begin: sweeper, kind: 'sweep' as const })),
    ...Array.from({ length: people }, (_, i) => ({ name: `person ${i + 1}`, offset: 0, begin: person, kind: 'person' as const })),
  ]
  const places = new Map<string, Place>()
  // Nothing depends on how one that has ended came there.
  const ended: Place = { told: [], number: 0, at: 'ended' }
  const begun = actors.map(({ begin }, i): Place => ({ told: [], number: i + 1, at: begin().next().value as Point }))
  function placed(i: number, from: Place, told: Told): Place {
    const key = `${from.number} ${textOf(told)}`
    const known = places.get(key)
    if (known !== undefined) return known
    const actor = (actors[i] as (typeof actors)[number]).begin()
    let next = actor.next()
    const all = [...from.told, told]
    for (const each of all) next = actor.next(each)
    const made: Place = next.done ? ended : { told: all, number: actors.length + 1 + places.size, at: next.value }
    places.set(key, made)
    return made
  }
  const tell = (state: State, i: number, told: Told, changed: Partial<State> = {}): State => {
    const here = state.places[i] as Place
    return { ...state, ...changed, places: state.places.map((place, j) => j === i ? placed(i, here, told) : place) }
  }
  const crash = (state: State, i: number): State => ({
    ...state, mishaps: state.mishaps + 1, places: state.places.map((place, j) => j === i ? ended : place),
  })

  function* choices(state: State): Generator<Choice> {
    const { world } = state
    const mayFail = state.mishaps < mishaps
    for (const [i, { at }] of state.places.entries()) {
      const { name: who, offset, kind } = actors[i] as (typeof actors)[number]
      if (at === 'ended') continue
      // A person is asked a day later, when whoever may have slept has woken or ended.
      if (kind === 'person' && world.time < moments.forgotten) continue
      const now = world.time + offset
      const failed = { mishaps: state.mishaps + 1 }
      if (at.kind === 'clock') yield { label: `${who} reads its clock`, next: () => tell(state, i, { now }) }
      if (at.kind === 'look') yield { label: `${who} looks`, next: () => tell(state, i, { now, items: [...world.items.values()], acted: world.acts.length > 0 }) }
      if (at.kind === 'write') {
        const what = `${who}: ${at.transitions.map((each) => each.name).join(' + ')}`
        yield { label: what, next: () => { const done = write(world, at.transitions); return tell(state, i, { answer: done.answer, now }, { world: done.world }) } }
        if (mayFail) {
          yield { label: `${what}; its reply is lost, and it is sent again`, next: () => { const again = write(write(world, at.transitions).world, at.transitions); return tell(state, i, { answer: again.answer, now }, { world: again.world, ...failed }) } }
          yield { label: `${what}; no answer comes`, next: () => tell(state, i, { lost: true, now }, { world: write(world, at.transitions).world, ...failed }) }
          yield { label: `${what}; it never arrives`, next: () => tell(state, i, { lost: true, now }, failed) }
          yield { label: `${what}; it arrives when nobody waits any more`, next: () => tell(state, i, { lost: true, now }, { flying: [...state.flying, at.transitions], ...failed }) }
          yield { label: `${what}; another transaction is in the way`, next: () => ({ ...state, ...failed }) }
        }
      }
      if (at.kind === 'send') {
        yield { label: `${who} sends; the partner acts`, next: () => tell(state, i, { effect: 'done', now }, { world: act(send(world, at.once), at.once) }) }
        yield { label: `${who} sends; the partner says that it did nothing`, next: () => tell(state, i, { effect: 'none', now }) }
        if (mayFail) {
          yield { label: `${who} sends; the partner acts and is silent`, next: () => tell(state, i, { effect: 'unknown', now }, { world: act(send(world, at.once), at.once), ...failed }) }
          yield { label: `${who} sends; the partner does nothing and is silent`, next: () => tell(state, i, { effect: 'unknown', now }, { world: send(world, at.once), ...failed }) }
        }
      }
      // Before its first write there is nothing to leave behind.
      if (mayFail && kind === 'execution' && at.kind !== 'clock') yield { label: `${who} crashes`, next: () => crash(state, i) }
    }
    for (const [i, transitions] of state.flying.entries()) {
      yield { label: `what was given up arrives: ${transitions.map((each) => each.name).join(' + ')}`, next: () => ({ ...state, world: write(world, transitions).world, flying: state.flying.filter((_, j) => j !== i) }) }
    }
    const later = order.find((moment) => moment > world.time)
    // No send and no request is under way for longer than a partner remembers; whatever else may sleep for ever.
    const underWay = state.flying.length > 0 || state.places.some(({ at }) => typeof at === 'object' && at.kind === 'send')
    const awake = state.places.some(({ at }) => typeof at === 'object')
    if (later !== undefined && later <= moments[until] && awake && !(underWay && later >= moments.forgotten)) yield { label: `it is ${later - moments.begin} ms later`, next: () => ({ ...state, world: { ...world, time: later } }) }
  }

  const known = new Map<string, number>()
  const trace: string[] = []
  let steps = 0
  function schedules(state: State): number {
    const { world: { time, items, acts, sent } } = state
    let key = `${time} ${state.mishaps}`
    for (const place of state.places) key += ` ${place.number}`
    for (const item of items.values()) key += itemText(item)
    for (const { once, at } of acts) key += ` ${once} ${at}`
    key += ` ${sent.join()}`
    for (const flying of state.flying) key += ` ${JSON.stringify(flying)}`
    const before = known.get(key)
    if (before !== undefined) return before
    let count = 0
    for (const { label, next } of choices(state)) {
      trace.push(label)
      steps++
      count += schedules(next())
      trace.pop()
    }
    if (count === 0) {
      count = 1
      end(state)
    }
    known.set(key, count)
    return count
  }

  try {
    const world: World = { time: moments.begin, items: new Map<string, Item>(), acts: [], sent: [], offsets: new Map(executions.map((each) => [each.name, each.offset])) }
    return { schedules: schedules({ world, places: begun, flying: [], mishaps: 0 }), states: known.size, steps }
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return { scenario: name, why: error.message, schedule: [...trace] }
  }
}

/** What of an item differs from another one of the model. */
const itemText = ({ id, state, attempt, lease, firstClaimedAt, expires, confirmedAt }: Item): string => `${id} ${state} ${attempt} ${lease} ${firstClaimedAt} ${expires} ${confirmedAt};`

function textOf(told: Told): string {
  if ('answer' in told) return `${told.now} ${told.answer === 'written' ? 'written' : told.answer.map((each) => typeof each === 'string' ? each : itemText(each)).join()}`
  return 'items' in told ? `${told.now} ${told.acted} ${told.items.map(itemText).join()}` : JSON.stringify(told)
}

/** When all have ended: the sweep has come round, and nothing waits but what waits for a person. */
function end({ world: left }: State): void {
  let world: World = { ...left, time: left.time + moments.forgotten - moments.begin }
  const actor = sweeper()
  let next = actor.next()
  while (!next.done) {
    const at: Point = next.value
    if (at.kind === 'write') {
      const done = write(world, at.transitions)
      world = done.world
      next = actor.next({ answer: done.answer, now: world.time })
    } else next = actor.next({ now: world.time, items: [...world.items.values()], acted: world.acts.length > 0 })
  }
  watchAll(world)
  for (const { state } of world.items.values()) if (state === 'claimed') throw new Violation('a claim waits for nobody')
  if (world.acts.length > 0 && world.items.size === 0) throw new Violation('the partner acted, and nothing remembers it')
}
