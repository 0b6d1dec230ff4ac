import type { Entity } from './failure.ts'
import type { Io } from './io.ts'
import type { Account } from './account.ts'
import type { Need } from './resource.ts'

/** A send to a partner that a step may make, as the manifest shows it. */
export interface Sends {
  readonly to: Account
  /** The field that travels as `Idempotency-Key`: repeating the send is then safe for as long as the partner remembers it. */
  readonly once?: string | undefined
}

/** One stage of a pipeline: plain data that says what it is and needs, and the function that does it. */
export interface Step<In, Out> {
  readonly kind: string
  /** What may be shown of its options: names and numbers, never a value, never a function. */
  readonly config: object
  /** Of this step alone; a composite's parts say their own. */
  readonly needs: readonly Need[]
  readonly sends?: readonly Sends[] | undefined
  /** Fields, by their paths, that it shows readably to whoever it writes to. The runtime does not read it: it is what a reviewer agrees to. */
  readonly reveals?: readonly string[] | undefined
  /** It claims in the ledger until the run has ended: repeated within the run, it would meet its own claim. */
  readonly claims?: true | undefined
  /** It changes something outside by a client of its own, and says so by `io.acted()`: its pipeline is never repeated by itself. */
  readonly acts?: true | undefined
  /** It names what a message is about: then the pipeline keeps records of its failures. */
  readonly entity?: Entity | undefined
  /** It takes no message without an `Idempotency-Key`: a route that answers at once refuses one at its door. */
  readonly wantsKey?: true | undefined
  /** It claims the `Idempotency-Key` of a message: what such a run may have done is not rerun by another name. */
  readonly claimsMessage?: true | undefined
  /** The parts of a composite. */
  readonly steps?: readonly Step<never, unknown>[] | undefined
  readonly run: (payload: In, io: Io) => Out | Promise<Out>
}

/**
 * Steps in sequence, each payload inferred from the step before; itself a step. Longer flows nest.
 * A step left out is the identity, so `Out` falls back to the payload before it.
 */
export function flow<A, B, C = B, D = C, E = D, F = E, G = F, H = G, I = H, J = I, K = J, L = K, M = L>(
  a: Step<A, B>, b?: Step<NoInfer<B>, C>, c?: Step<NoInfer<C>, D>, d?: Step<NoInfer<D>, E>, e?: Step<NoInfer<E>, F>,
  f?: Step<NoInfer<F>, G>, g?: Step<NoInfer<G>, H>, h?: Step<NoInfer<H>, I>, i?: Step<NoInfer<I>, J>,
  j?: Step<NoInfer<J>, K>, k?: Step<NoInfer<K>, L>, l?: Step<NoInfer<L>, M>,
): Step<A, M> {
  const steps = [a, b, c, d, e, f, g, h, i, j, k, l].filter((step) => step !== undefined) as Step<unknown, unknown>[]
  return {
    kind: 'flow',
    config: {},
    needs: [],
    steps,
    async run(payload, io) {
      let value: unknown = payload
      for (const step of steps) {
        const next = io.step(step, value)
        // Most steps answer at once: waiting a turn of the queue for each costs more than what they do.
        value = next instanceof Promise ? await next : next
      }
      return value as M
    },
  }
}

/** Every step of a pipeline that is not made of others, in order. */
export function* leaves(step: Step<never, unknown>): Generator<Step<never, unknown>> {
  if (step.steps === undefined) yield step
  else for (const part of step.steps) yield* leaves(part)
}
