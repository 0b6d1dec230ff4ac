import { faults, isQueued, isRouted, sends, type Pipeline, type Realm } from 'sallyport'
import { sandbox, type Partner, type PlannedFault, type Received, type Result, type Sandbox } from 'sallyport/testing'
import { Refused } from '../usage.ts'
import type { Capture } from './capture.ts'
import { put, putInto, type Example, type Field } from './example.ts'
import type { Value } from './mark.ts'
import { Witness } from './witness.ts'

/** A pipeline in its realm, with the message that it takes. */
export interface Subject {
  readonly pipeline: Pipeline
  readonly realm: Realm
  readonly example: Example
}

/** A value for each field. */
export type Marks = ReadonlyMap<Field, Value>

/** What happens to one message. */
interface Scenario {
  readonly name: string
  readonly partners?: Readonly<Record<string, Partner>>
  readonly faults?: readonly PlannedFault[]
  /** The message, or its text where it is no JSON. */
  readonly message?: (marked: unknown) => unknown
}

/** What became of it, and all that was seen. */
export interface Played {
  readonly name: string
  readonly witness: Witness
  readonly result: Result
}

/** A partner's error quotes what it was sent: a foreign text that must go nowhere. */
const quoting = (status: number): Partner => ({ path, body }: Received) => ({ status, body: { error: 'not accepted', received: { path, body } } })

const trouble: readonly (readonly [string, Partner])[] = [
  ['refuses', quoting(400)], ['fails', quoting(500)], ['answers with an error', quoting(200)],
  ['answers nonsense', ({ body }: Received) => ({ status: 200, body: `<html>${JSON.stringify(body)}` })],
  ['drops the connection', 'drop'], ['stays silent', 'silent'], ['is unreachable', 'unreachable'],
]

const good = 'good path'
/** Longer than any retry would go on. */
const always = 1_000

/** Puts values into the example. */
export const marked = ({ message }: Example, marks: Marks): unknown => [...marks].reduce<unknown>((made, [{ place }, value]) => put(made, place, value), message)

/** Plays messages, one after another. */
export class Stage {
  readonly #subject: Subject
  readonly #capture: Capture
  readonly #variables = { ...process.env }

  constructor(subject: Subject, capture: Capture) {
    this.#subject = subject
    this.#capture = capture
  }

  /** The status with which a message ends when nothing goes wrong. */
  async statusOf(message: unknown): Promise<number> {
    return (await this.#play(this.#world(this.#witness(), {}), this.#witness(), good, message)).result.status
  }

  /** Everything that can happen to a message with these values. */
  async all(marks: Marks): Promise<Played[]> {
    const { pipeline, example } = this.#subject
    const message = marked(example, marks)
    const witness = this.#witness()
    // The one world in which two messages meet.
    const told = { current: witness }
    const world = this.#world(witness, {}, told)
    const first = await this.#play(world, witness, good, message)
    const second = told.current = this.#witness()
    const again = await this.#play(world, second, 'the same again', message)
    const played = [first, again]
    for (const { name, partners = {}, faults = [], message: change } of this.#scenarios(first.result, marks)) {
      const each = this.#witness()
      const apart = this.#world(each, { partners, faults })
      const content = change === undefined ? message : change(message)
      // What is no JSON is sealed as it is, where senders seal.
      const sealed = typeof content === 'string' && pipeline.trigger.accept.startsWith('application/jose') ? await apart.seal(pipeline, Buffer.from(content)) : content
      played.push(await this.#play(apart, each, name, sealed))
    }
    return played
  }

  *#scenarios({ calls }: Result, marks: Marks): Generator<Scenario> {
    for (const partner of new Set(sends(this.#subject.pipeline).map(({ to }) => to.name))) {
      for (const [name, reaction] of trouble) yield { name: `${partner} ${name}`, partners: { [partner]: reaction } }
    }
    for (const call of new Set(calls.map(({ service, operation }) => `${service} ${operation}`))) {
      const [service, operation] = call.split(' ') as [PlannedFault['service'], string]
      for (const [name, error] of [['unavailable', 'unavailable'], ['throttled', 'throttle']] as const) {
        if (/^[A-Za-z][A-Za-z0-9]*$/.test(operation)) yield { name: `${call} ${name}`, faults: [{ service, operation, error, times: always }] }
      }
    }
    for (const [{ path, place }, value] of marks) {
      yield { name: `${path} of a wrong type`, message: (message) => put(message, place, [value]) }
      if (typeof value === 'string') yield { name: `${path} too long`, message: (message) => put(message, place, Array.from({ length: 300 }, () => value).join('')) }
      const parent = place.slice(0, -1)
      yield { name: `a member named like ${path} beside it`, message: (message) => putInto(message, parent, String(value), 1) }
      if (parent.length > 0) yield { name: `a member named like ${path} at the top`, message: (message) => putInto(message, [], String(value), 1) }
    }
    yield { name: 'truncated JSON', message: (message) => JSON.stringify(message).slice(0, -2) }
  }

  #witness(): Witness {
    return new Witness(this.#subject.pipeline, this.#capture.begins, this.#capture.changed)
  }

  #world(witness: Witness, { partners = {}, faults = [] }: Pick<Scenario, 'partners' | 'faults'>, told = { current: witness }): Sandbox {
    const { realm, example: { answers } } = this.#subject
    const usual = Object.fromEntries(Object.entries(answers).map(([name, body]): [string, Partner] => [name, { status: 200, body }]))
    return sandbox({
      realm, faults, partners: { ...usual, ...partners }, others: 'answer',
      observer: {
        begins: this.#capture.begins,
        step: (step, run, payload) => told.current.step(step, run, payload),
        digested: (...args) => told.current.watcher.digested?.(...args),
        line: (line) => told.current.watcher.line?.(line),
        call: (...args) => told.current.watcher.call?.(...args),
        sent: (...args) => told.current.watcher.sent?.(...args),
      },
    })
  }

  async #play(world: Sandbox, witness: Witness, name: string, message: unknown): Promise<Played> {
    this.#capture.tell(witness)
    try {
      const result = await ended(world, this.#subject.pipeline, message)
      witness.answered(result)
      // What a step has set going and does not wait for.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => { setImmediate(resolve) })
      return { name, witness, result }
    } catch (error) {
      // A world says by a TypeError what it cannot make.
      if (error instanceof TypeError) throw new Refused(error.message, { cause: error })
      throw error
    } finally {
      this.#capture.restore(this.#variables)
    }
  }
}

/** What became of a message in the end: of one that waits, when it came out of its queue. */
async function ended(world: Sandbox, pipeline: Pipeline, message: unknown): Promise<Result> {
  const { trigger } = pipeline
  const taken = isRouted(trigger) ? await world.run(pipeline, message) : undefined
  if (!isQueued(trigger) || taken?.fault !== undefined) return taken as Result
  const worked = taken === undefined ? [await world.deliver(pipeline, message)] : await world.drain(pipeline)
  const last = worked.at(-1)
  const [lines, calls] = [[...taken?.lines ?? [], ...worked.flatMap((each) => each.lines)], [...taken?.calls ?? [], ...worked.flatMap((each) => each.calls)]]
  return {
    fault: last?.fault, partners: last?.partners ?? {}, ledger: last?.ledger ?? [], thrown: last?.thrown, lines, calls,
    // Nobody is told but whoever asks for it.
    status: last?.fault === undefined ? 200 : faults[last.fault].status, headers: taken?.headers ?? {}, body: taken?.body as unknown ?? '',
  }
}
