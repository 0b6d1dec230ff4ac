import type { PrivateJwk } from './partners/reading-key.ts'
import type { Keys } from './principals-file.ts'

/** What `.local/run.json` tells outside checks. Later work only adds to it. */
export interface Run {
  readonly gateway: string
  readonly control: string
  readonly aws: Keys & { readonly endpoint: string; readonly region: string }
  /** By the function's short name. */
  readonly roles: Readonly<Record<string, Keys>>
  /** `aws` is null where AWS_ENDPOINT_URL points elsewhere. */
  readonly pids: { gateway: number; aws: number | null }
  readonly log: string
  readonly calls: string
  readonly requests?: string
  readonly partners: Readonly<Record<string, { readonly received: string; readonly privateKey?: PrivateJwk }>>
}
