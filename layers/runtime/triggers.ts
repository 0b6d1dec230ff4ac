import type { Json } from './field.ts'
import { named } from './resource.ts'

/** Who may call a route. `iam`: signed with SigV4 by a principal that IAM lets invoke it. `open`: anybody, with the reason. */
export type Auth = { readonly scheme: 'iam' } | { readonly scheme: 'open'; readonly why: string }

/** Signed with SigV4 by a principal that IAM lets invoke the route. */
export const iam = (): Auth => ({ scheme: 'iam' })

/** A route that anybody may call. The reason stands in the manifest. */
export function open(why: string): Auth {
  if (why.trim().length < 10) throw new TypeError('open: say in a sentence why anybody may call this route')
  return { scheme: 'open', why }
}

/** Text that only a cipher can read. An interface, so that it is no Json: nothing but `decrypt` takes it. */
export interface Sealed {
  readonly sealed: string
  /** Of its cipher: what a reply says of it. */
  readonly mediaType?: string | undefined
}

/** The first payload of a pipeline by the media type it accepts. */
export interface Accepted {
  'application/json': Json
  'application/jose': Sealed
  'application/jose+json': Sealed
  'application/octet-stream': Sealed
  'application/pgp-encrypted': Sealed
}

/** What every trigger says. `_payload` is never there: it carries the type of the first payload. */
interface Begun<Payload> {
  readonly accept: keyof Accepted
  readonly _payload?: (payload: Payload) => void
}

/** What every trigger says that lets messages wait in a queue. */
export interface Waiting {
  /** How often a message is tried before it goes to the dead-letter queue. */
  readonly attempts: number
  /** The most messages of one invocation, which works on them one after another. */
  readonly batch: number
  /** The most invocations at a time. */
  readonly concurrency?: number
}

interface Route {
  readonly method: 'POST'
  readonly path: `/${string}`
  readonly auth: Auth
}

/** A route whose sender waits for the reply. */
export interface HttpTrigger<Payload> extends Begun<Payload>, Route {
  readonly kind: 'http'
  readonly status: 200 | 201 | 202
}

/** A route that takes a message, answers 202 at once, and lets it wait, sealed, in the pipeline's queue. */
export interface AsyncTrigger<Payload> extends Begun<Payload>, Route, Waiting {
  readonly kind: 'async'
  readonly status: 202
}

/** A queue that others send to. */
export interface QueueTrigger<Payload> extends Begun<Payload>, Waiting {
  readonly kind: 'queue'
  readonly name: string
  readonly fifo?: true
  /** Why messages may rest readable in the queue. */
  readonly readable?: string
}

/** Events of the default bus that fit a pattern. */
export interface EventTrigger<Payload> extends Begun<Payload>, Waiting {
  readonly kind: 'event'
  readonly pattern: EventPattern
  readonly readable?: string
}

/** What starts a pipeline. */
export type Trigger<Payload> = HttpTrigger<Payload> | AsyncTrigger<Payload> | QueueTrigger<Payload> | EventTrigger<Payload>
/** One whose messages wait in a queue. */
export type QueuedTrigger<Payload = never> = Exclude<Trigger<Payload>, { readonly kind: 'http' }>
/** One that has a route. */
export type RoutedTrigger<Payload = never> = Extract<Trigger<Payload>, Route>

/** Whether messages wait before they are worked on. */
export const isQueued = (trigger: Trigger<never>): trigger is QueuedTrigger => trigger.kind !== 'http'
/** Whether messages come through a route. */
export const isRouted = (trigger: Trigger<never>): trigger is RoutedTrigger => trigger.kind === 'http' || trigger.kind === 'async'

/** How messages of a queue are worked on. */
interface Working {
  /**
   * 1 to 100: how often a message is tried before it goes to the dead-letter queue.
   * @default 5
   */
  readonly attempts?: number
  /**
   * 1 to 10: the most messages of one invocation, which works on them one after another. Its function runs for at most as
   * many times the pipeline's `timeout`, 900 seconds in all.
   * @default 1
   */
  readonly batch?: number
  /**
   * 2 to 1000: the most invocations at a time, for what stands behind the pipeline.
   * @default - as many as Lambda gives
   */
  readonly concurrency?: number
}

/** What arrives as JSON would rest readable in a queue: a sentence says why it may. What arrives sealed needs none. */
type Resting<Accept> = { readonly accept?: Accept } & (Accept extends 'application/json' ? { readonly readable: string } : { readonly readable?: undefined })

/**
 * `POST path` of the realm's HTTP API. Replies with `status` when the pipeline has ended well. With `mode: 'async'` it answers
 * 202 as soon as the message is kept, sealed, in a queue, and `GET path/{id}` tells what became of it.
 */
export function post<Accept extends keyof Accepted = 'application/json', Mode extends 'async' | undefined = undefined>(
  path: `/${string}`,
  options: { readonly auth: Auth; readonly accept?: Accept; readonly mode?: Mode } & (Mode extends 'async' ? Working : { readonly status?: 200 | 201 | 202 }),
): Mode extends 'async' ? AsyncTrigger<Accepted[Accept]> : HttpTrigger<Accepted[Accept]> {
  const who = `post ${JSON.stringify(path)}`
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) throw new TypeError(`${who}: write plain path segments, as /loan-applications`)
  const { accept = 'application/json', auth, mode, status = 200 } = options as { readonly accept?: keyof Accepted; readonly auth: Auth; readonly mode?: string; readonly status?: 200 | 201 | 202 }
  if (mode !== undefined && mode !== 'async') throw new TypeError(`${who}: mode is 'async', or is left out`)
  const made: HttpTrigger<never> | AsyncTrigger<never> = mode === 'async'
    ? { kind: 'async', method: 'POST', path, accept, auth, status: 202, ...waiting(who, options as Working) }
    : { kind: 'http', method: 'POST', path, accept, auth, status }
  return made as never
}

/**
 * A queue of the realm that others send to, by IAM of their own. A sealed message is the body as it is; JSON is the body's
 * text, and rests in the queue readable for whoever may receive: `readable` says why it may. Of a fifo queue messages of one
 * group keep their order; with a `batch`, what follows a failed message of its group counts that attempt too.
 */
export function queue<Accept extends keyof Accepted = 'application/json'>(name: string, options: Resting<Accept> & Working & { readonly fifo?: true }): QueueTrigger<Accepted[Accept]> {
  const who = `queue ${name}`
  named('queue', name)
  return { kind: 'queue', name, ...resting(who, options), ...options.fifo === true && { fifo: true as const }, ...waiting(who, options) }
}

/** Which events of the default bus: of one of the sources, and fitting the rest, as EventBridge compares. */
export interface EventPattern {
  readonly source: readonly [string, ...string[]]
  readonly 'detail-type'?: readonly [string, ...string[]]
  /** Values and comparisons by field, as `{ status: ['paid'], amount: [{ numeric: ['>', 100] }] }`. */
  readonly detail?: { readonly [field: string]: Json }
}

/**
 * Events of the account's default bus. The payload is the event's `detail`; where the pipeline takes sealed text, it stands
 * there as `{ "sealed": "…" }`. EventBridge itself reads every event to compare it.
 */
export function event<Accept extends keyof Accepted = 'application/json'>(pattern: EventPattern, options: Resting<Accept> & Working): EventTrigger<Accepted[Accept]> {
  const flaw = flawOfPattern(pattern)
  if (flaw !== undefined) throw new TypeError(`event: ${flaw}`)
  const { source, 'detail-type': type, detail } = pattern
  return {
    kind: 'event', pattern: { source, ...type !== undefined && { 'detail-type': type }, ...detail !== undefined && { detail } },
    ...resting('event', options), ...waiting('event', options),
  }
}

/** What is wrong with a pattern, as the end of a sentence. */
export function flawOfPattern(pattern: object): string | undefined {
  const { source, 'detail-type': type, detail, ...others } = pattern as Readonly<Record<string, unknown>>
  const texts = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' && each !== '')
  if (!texts(source)) return 'name the sources of the events in source'
  if (type !== undefined && !texts(type)) return 'detail-type is a list of names'
  if (detail !== undefined && (typeof detail !== 'object' || detail === null || Array.isArray(detail))) return 'detail says values and comparisons by field'
  if (Object.keys(others).length > 0) return 'a pattern has source, detail-type and detail'
  // EventBridge takes 2,048 characters of pattern; more wants a quota.
  return JSON.stringify(pattern).length > 2_048 ? 'the pattern has more than 2048 characters' : undefined
}

function resting(who: string, { accept = 'application/json', readable }: { readonly accept?: keyof Accepted | undefined; readonly readable?: string | undefined }): { accept: keyof Accepted; readable?: string } {
  const flaw = flawOfResting(accept, readable)
  if (flaw !== undefined) throw new TypeError(`${who}: ${flaw}`)
  return { accept, ...readable !== undefined && { readable } }
}

/** What is wrong with how messages rest, as the end of a sentence. */
export function flawOfResting(accept: unknown, readable: unknown): string | undefined {
  if (accept !== 'application/json') return readable === undefined ? undefined : 'readable is of application/json alone: what is sealed rests sealed'
  return typeof readable === 'string' && readable.trim().length >= 10 ? undefined : 'application/json would rest readable in the queue: take it sealed, as application/jose, or say in a sentence why in readable'
}

/** What waits is tried so often, so many at once. */
const bounds = { attempts: [1, 100], batch: [1, 10], concurrency: [2, 1_000] } as const

function waiting(who: string, { attempts = 5, batch = 1, concurrency }: Working): Waiting {
  const made: Waiting = { attempts, batch, ...concurrency !== undefined && { concurrency } }
  const flaw = flawOfWaiting(made)
  if (flaw !== undefined) throw new TypeError(`${who}: ${flaw}`)
  return made
}

/** What is wrong with how a queue is worked on, as the end of a sentence. */
export function flawOfWaiting(waits: Waiting): string | undefined {
  for (const [name, [least, most]] of Object.entries(bounds)) {
    const value: unknown = waits[name as keyof Waiting]
    if (value === undefined && name === 'concurrency') continue
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) return `${name} is a whole number, ${least} to ${most}`
  }
  return undefined
}
