import type { Context, Doc } from './iam.ts'
import type { Members } from './members.ts'
import type { Store } from './store.ts'

/** What every operation may reach. `now`: epoch milliseconds. */
export type World = {
  readonly region: string
  readonly account: string
  readonly store: Store
  readonly now: () => number
  /** Its clock does not go on while a request waits: who would wait is answered at once. */
  readonly still?: boolean
}

/** One thing IAM must allow before an operation runs. */
export type Ask = {
  readonly action: string
  readonly resource: string
  readonly context?: Context
  /** The policy of the resource itself. */
  readonly policy?: Doc
  /** KMS: the key policy must allow too, directly or through the account root. */
  readonly mustDelegate?: boolean
}

export type Caller = {
  readonly arn: string
  may(ask: Ask): boolean
  /** Notes capacity units that the call consumed, for the call log. */
  spend(units: number): void
  /** Where it reached us: `http://127.0.0.1:4566`, for the URLs of an answer. */
  readonly origin?: string
  /** Aborted when nobody waits for the answer any more. */
  readonly gone?: AbortSignal
}

/** The JSON of a successful answer; undefined is an empty body. */
export type Reply = Readonly<Record<string, unknown>> | undefined

export type Operation = {
  /** What must be allowed. Throws a Failure for a request that is wrong whoever sends it. */
  asks(input: Members, world: World): readonly Ask[]
  run(input: Members, world: World, caller: Caller): Reply | Promise<Reply>
}

export type Operations = Readonly<Record<string, Operation>>
