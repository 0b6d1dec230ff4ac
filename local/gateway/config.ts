import type { EventSource } from '../lambda/event-source.ts'
import type { Inspect, LambdaFunction, Outcome } from '../lambda/function.ts'
import type { Api } from './event.ts'
import type { Route } from './route.ts'

/** What the gateway process reads from the file that SALLYPORT_GATEWAY names. The file holds keys: 0600. */
export interface GatewayConfig {
  readonly api: Api
  readonly routes: readonly Route[]
  readonly functions: readonly LambdaFunction[]
  /** Queues that are read for functions, once the port is open. */
  readonly sources?: readonly EventSource[]
  /** Where the functions' AWS clients go. */
  readonly endpoint: string
  readonly extra?: Readonly<Record<string, string>>
  /** The file of principals, shared with the stand-in for AWS. */
  readonly principals: string
  /** The file that stands for CloudWatch Logs. */
  readonly log: string
  readonly inspect?: Inspect
}

/** What an edit may change while the gateway stays up. */
export type Runs = Pick<GatewayConfig, 'routes' | 'functions' | 'sources'>

/** To the gateway process. */
export type GatewayOrder =
  | { readonly invoke: { readonly id: number; readonly function: string; readonly event: string } }
  | { readonly listen: { readonly port: number } }
  | { readonly reload: Runs }

/** From it. */
export type GatewayNotice =
  | { readonly ready: true }
  | { readonly port: number }
  | { readonly reloaded: true }
  | { readonly refused: string }
  /** What a reader should know. */
  | { readonly note: string }
  | { readonly invoked: { readonly id: number; readonly outcome: Outcome } }
