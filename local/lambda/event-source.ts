/** A queue that Lambda reads for a function: an event source mapping. */
export interface EventSource {
  readonly id: string
  readonly queueArn: string
  readonly queueUrl: string
  /** Full name. */
  readonly function: string
  /** Messages of one invocation at most. */
  readonly batchSize: number
  /** How long messages are gathered for one invocation. */
  readonly windowSeconds: number
  /** Whether the function says which messages failed. */
  readonly reportsFailures: boolean
  /** Invocations at once at most. */
  readonly concurrency?: number
}
