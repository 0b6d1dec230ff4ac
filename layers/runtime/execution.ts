import { canonical } from './canonical.ts'
import { claim, settle, type Claimant, type Held } from './claims.ts'
import { address } from './address.ts'
import { credential } from './credential.ts'
import { pseudonym } from './digest.ts'
import type { Environment } from './environment.ts'
import { entityOf } from './failure.ts'
import { asFault, Fault } from './fault.ts'
import type { Account } from './account.ts'
import type { Attempted, Claiming, Effect, Io, Sending } from './io.ts'
import { readJson } from './json.ts'
import { leaseOf, rules } from './ledger.ts'
import type { Message } from './message.ts'
import { acts, sends, type Pipeline } from './pipeline.ts'
import type { Redactor } from './redact.ts'
import { isReplay, Replay } from './replay.ts'
import type { Step } from './step.ts'
import { details } from './sink.ts'
import { NoAnswer, refusedBy } from './send.ts'

/** The stage a bundle was built for. Origins are given only to the stage `local`; every other one reads the constants in code. */
export interface Stage {
  readonly stage: string
  readonly origins: Readonly<Record<string, string>>
}

/** What all executions of a pipeline share, worked out once. */
export interface Plan {
  readonly pipeline: Pipeline
  readonly stage: Stage
  readonly claimant: Omit<Claimant, 'deadline' | 'origin'>
  readonly partners: ReadonlySet<string>
  /** Whether its failures leave a record. */
  readonly records: boolean
}

export function plan(pipeline: Pipeline, stage: Stage): Plan {
  const all = sends(pipeline)
  const entity = entityOf(pipeline)
  return {
    pipeline, stage,
    partners: new Set([...all.map(({ to }) => to.name), ...entity?.source === undefined ? [] : [entity.source.from.name]]),
    records: entity !== undefined,
    claimant: {
      pipeline: pipeline.name,
      sends: canonical([pipeline.name, all.map(({ to, once }) => [to.name, once ?? null])]),
      // What a step does by a client of its own is known to nobody who takes over.
      replaySafe: all.every(({ once }) => once !== undefined) && !acts(pipeline),
      // Where nothing is sent the same message may be repeated; after a day whoever comes with another one must not wait for it any more.
      window: Math.min(...all.length === 0 ? [24 * 3_600_000] : all.map(({ to }) => (to.how.idempotency?.hours ?? 0) * 3_600_000)),
    },
  }
}

/** What seals by envelopes, stores and loads, in a file of its own: most pipelines do none of it. */
const atRest = () => import('./at-rest.ts')
/** Private halves of our own keys. */
export const custody = () => import('./custody.ts')
/** What others publish. */
const published = () => import('./key-set.ts')
/** Files of a run. */
const workingFolder = () => import('./working-folder.ts')

/** Milliseconds kept back at the end of an invocation, to settle and to reply. */
export const reserve = 700

/** A send, and what it did: corrected when the partner has said so. Repeating it is safe if it carried an `Idempotency-Key`. */
interface Sent { effect: Effect; readonly keyed: boolean }

function note(logs: readonly Sent[][], effect: Effect, keyed: boolean): Sent {
  const sent = { effect, keyed }
  for (const log of logs) log.push(sent)
  return sent
}

const effectOf = (sends: readonly Sent[]): Effect => sends.every(({ effect }) => effect === 'none') ? 'none' : 'unknown'
const repeatable = (sends: readonly Sent[]): boolean => sends.every(({ effect, keyed }) => effect === 'none' || keyed)

/** As `finally` does, for half of its price. */
async function noted<T>(result: Promise<T>, note: () => void): Promise<T> {
  try {
    return await result
  } finally {
    note()
  }
}

/** One run of a pipeline: its `io`, what its sends did, and what must be settled when it has ended. */
export class Execution {
  readonly io: Io
  /** Milliseconds by kind of step, in order; of a kind that comes twice, both together. */
  readonly timings: Record<string, number> = {}
  readonly #plan: Plan
  readonly #environment: Environment
  readonly #redactor: Redactor
  readonly #deadline: number
  /** What the message is about, once that is known. */
  entity: string | undefined
  /** Parts of the message that composites reported on. */
  readonly records = { done: 0, failed: 0 }
  readonly #effects: Sent[] = []
  readonly #held: Held[] = []
  readonly #message: Message
  /** The kind of the step that began last. */
  #at: string | undefined
  #closed = false
  #folder: Promise<string> | undefined

  /** `deadline` in epoch milliseconds: when Lambda ends the invocation. */
  constructor(plan: Plan, environment: Environment, redactor: Redactor, id: string, deadline: number, message: Message = {}) {
    const { clock, sink } = environment
    this.#message = message
    this.#plan = plan
    this.#environment = environment
    this.#redactor = redactor
    this.#deadline = deadline
    this.io = {
      id,
      pipeline: plan.pipeline.name,
      deadline: deadline - reserve,
      origin: message.origin,
      step: (step, payload) => this.#step(step, payload, this.io),
      attempt: (step, payload) => this.#attempt(step, payload, this.io, [this.#effects]),
      json: (bytes) => readJson(bytes, redactor.meet),
      material: async (account) => (await this.#credential(account)).content as never,
      keySet: async (account) => (await published()).keySet(environment, account, { ...plan.stage, until: deadline - reserve }),
      privateKey: async (pair, kid) => (await custody()).findPrivateKey(environment, pair, kid),
      signing: async (key) => (await custody()).signingHalf(environment, key),
      verifying: async (key, kid) => (await custody()).verifyingHalf(environment, key, kid),
      seal: async (key, context, plain, binding) => (await atRest()).sealEnvelope(environment, key, context, plain, binding),
      unseal: async (key, context, sealed, binding) => (await atRest()).openEnvelope(environment, key, context, sealed, binding),
      folder: () => this.#folder ??= workingFolder().then(({ makeFolder }) => makeFolder()),
      digest: (as) => pseudonym(environment, as),
      mac: async (key, scope, version) => (await custody()).deriveMacKey(environment, key, scope, version),
      entity: (name) => {
        if (!plan.records) throw new TypeError('entity: the step names it, so it must be marked: give it entity: { days }')
        this.entity = name
      },
      claim: (asked) => this.#claim(asked),
      store: async (to, record) => {
        if (this.#closed) throw new Fault('OUT_OF_TIME')
        await (await atRest()).store(environment, to, record)
      },
      load: async (from, asked) => (await atRest()).load(environment, from, asked, redactor.meet),
      send: (to, request) => this.#send(to, request, [this.#effects]),
      acted: () => this.#acted([this.#effects]),
      address: (resource) => address(resource, environment),
      client: (Client) => environment.client(Client),
      now: clock.now,
      wait: async (ms) => {
        if (this.#closed || clock.now() + ms > deadline - reserve) throw new Fault('OUT_OF_TIME')
        await clock.wait(ms)
      },
      count: ({ done, failed }) => {
        this.records.done += done
        this.records.failed += failed
      },
      log: (fields) => sink.emit({ time: sink.moment(), level: 'info', event: 'log', id, pipeline: plan.pipeline.name }, fields),
    }
  }

  /** The kind of the step that it came to. */
  get at(): string | undefined {
    return this.#at
  }

  get effect(): Effect {
    return effectOf(this.#effects)
  }

  get sends(): number {
    return this.#effects.length
  }

  /** Nothing more is started: steps that still run find every door shut. */
  close(): void {
    this.#closed = true
  }

  /** Removes the files of the run, if it had any. */
  tidy(): Promise<void> | undefined {
    // A failure leaves files in a folder of the execution environment's own, which ends with it.
    return this.#folder && Promise.all([workingFolder(), this.#folder]).then(([{ removeFolder }, folder]) => removeFolder(folder)).catch(() => undefined)
  }

  /** Settles every claim. `reply`: the last payload. Throws UNCONFIRMED if a good end could not be recorded. */
  async settle(done: boolean, reply?: unknown): Promise<void> {
    const effect = done ? 'done' : effectOf(this.#effects)
    if (this.#held.length > 0) await settle(this.#environment, this.#held, { effect, repeatable: this.#plan.claimant.replaySafe && repeatable(this.#effects) }, { step: this.#at, reply })
  }

  #step<In, Out>(step: Step<In, Out>, payload: In, io: Io): Out | Promise<Out> {
    if (this.#closed) throw new Fault('OUT_OF_TIME')
    return step.steps === undefined ? this.#timed(step, payload, () => step.run(payload, io)) : step.run(payload, io)
  }

  /** With an `io` of its own, so that what its sends did is told apart from what runs beside it. */
  async #attempt<In, Out>(step: Step<In, Out>, payload: In, outer: Io, logs: readonly Sent[][]): Promise<Attempted<Out>> {
    const own: Sent[] = []
    const all = [...logs, own]
    const io: Io = {
      ...outer,
      step: (step, payload) => this.#step(step, payload, io),
      attempt: (step, payload) => this.#attempt(step, payload, io, all),
      send: (to, request) => this.#send(to, request, all),
      acted: () => this.#acted(all),
    }
    try {
      return { ok: true, payload: await io.step(step, payload) }
    } catch (error) {
      // The run is over, and nobody goes on after it.
      if (isReplay(error)) throw error
      const fault = asFault(error)
      const effect = effectOf(own)
      // Whoever goes on after a fault hides it from the execution's line, so it has one of its own.
      const { sink } = this.#environment
      sink.emit({ time: sink.moment(), level: 'warn', event: 'attempt', id: io.id, pipeline: this.#plan.pipeline.name, kind: step.kind, fault: fault.code, effect }, details(fault, error))
      return { ok: false, fault, effect, repeatable: repeatable(own) }
    }
  }

  #timed<T>(step: Step<never, unknown>, payload: unknown, run: () => T | Promise<T>): T | Promise<T> {
    const { clock, observer } = this.#environment
    const { kind } = step
    this.#at = kind
    const start = clock.elapsed()
    const note = (): void => { this.timings[kind] = Math.round((this.timings[kind] ?? 0) * 100 + (clock.elapsed() - start) * 100) / 100 }
    let result: T | Promise<T>
    try {
      result = observer?.step === undefined ? run() : observer.step(step, run, payload)
    } catch (error) {
      note()
      throw error
    }
    if (result instanceof Promise) return noted(result, note)
    note()
    return result
  }

  async #claim(asked: Claiming): Promise<void> {
    const { origin, acknowledges, reread } = this.#message
    const kept = asked.replay && await (await atRest()).firstReplies(this.#environment, this.#plan.pipeline.name, asked.payload, this.#deadline - reserve / 4)
    const claimant: Claimant = { ...this.#plan.claimant, deadline: this.#deadline, origin }
    const before = await claim(this.#environment, claimant, kept === undefined || asked.message === undefined ? asked : { ...asked, message: { reply: kept } }, (held) => this.#held.push(held), { acknowledges, reread, closed: () => this.#closed })
    if (before !== undefined) throw new Replay(before.reply)
  }

  #acted(logs: readonly Sent[][]): void {
    if (!acts(this.#plan.pipeline)) throw new TypeError('acted: the step says it, so it must be marked: give it acts: true')
    note(logs, 'unknown', false)
  }

  async #credential(account: Parameters<typeof credential>[1], anew = false) {
    const loaded = await credential(this.#environment, account, anew)
    this.#redactor.know(loaded.known)
    return loaded
  }

  async #send(to: Account, { method, path, body, once, sealed }: Sending, logs: readonly Sent[][]): Promise<Uint8Array> {
    if (!this.#plan.partners.has(to.name)) throw new TypeError(`send: account ${to.name} is not among the sends of the step`)
    const { stage, origins } = this.#plan.stage
    const origin = stage === 'local' ? origins[to.name] : to.how.origin[stage]
    if (origin === undefined) throw new TypeError(`account ${to.name} has no origin for the stage`)
    const bytes = sealed !== undefined ? Buffer.from(sealed.body.sealed) : body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    if (once !== undefined && !/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(once)) throw new Fault('PAYLOAD_INVALID')
    const harmless = method === 'GET'

    for (let anew = false; ; anew = true) {
      const loaded = await this.#credential(to, anew)
      const signed = to.how.headers(loaded.content)
      for (const value of Object.values(signed)) this.#redactor.learn(value)
      const timeout = Math.min(to.how.timeout * 1_000, this.#deadline - reserve - this.#environment.clock.now())
      // Whoever takes over a lapsed lease must not meet a send of ours.
      if (timeout < 50 || this.#closed || !rules['ends before the lease'](this.#environment.clock.now(), timeout, leaseOf(this.#deadline))) throw new Fault('OUT_OF_TIME')
      const sent = note(logs, harmless ? 'none' : 'unknown', once !== undefined)
      try {
        const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'sallyport', ...signed }
        if (bytes !== undefined) headers['content-type'] = sealed?.mediaType ?? 'application/json'
        if (once !== undefined) headers['idempotency-key'] = once
        const answer = await this.#environment.exchange(origin, path.path, method, headers, bytes, timeout)
        if (answer.status >= 200 && answer.status < 300) return answer.body
        const nothing = to.how.nothingDone.includes(answer.status)
        if (nothing) sent.effect = 'none'
        // A credential may have been rotated since it was loaded: read anew, and if it is another one, tried once more.
        if (answer.status === 401 && !anew && (await this.#credential(to, true)).text !== loaded.text && (nothing || harmless)) continue
        throw refusedBy(answer.status)
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        if (error.why === 'nothing-sent') sent.effect = 'none'
        throw new Fault(error.why === 'nothing-sent' ? 'PARTNER_UNREACHABLE' : error.why === 'silent' ? 'PARTNER_SILENT' : 'REPLY_INVALID')
      }
    }
  }
}
