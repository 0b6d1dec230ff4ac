import { Fault, leaves, type Attempted, type Effect, type FaultCode, type Step } from 'sallyport'

/**
 * What became of one item. `paths` begin with its place: 'transfers[3].iban'. `effect` is of its own sends: after `none`
 * it can be sent again, after `unknown` somebody has to ask the partner.
 */
export type Item<F> =
  | { readonly ok: true; readonly payload: F }
  | { readonly ok: false; readonly fault: FaultCode; readonly paths: readonly string[]; readonly reason: string | undefined; readonly effect: Effect }

/** Lists that every payload has. */
type Lists<T> = { [K in keyof T]: T[K] extends readonly unknown[] ? K : never }[keyof T]
type Element<T> = T extends readonly (infer E)[] ? E : never
type ElementOf<T, Of> = [Of] extends [never] ? Element<T> : Of extends keyof T ? Element<T[Of]> : never
type Made<T, Of, F> = [Of] extends [never] ? F[] : { [K in keyof T]: K extends Of ? F[] : T[K] }

interface Options<Of, Partly> {
  /** The field that holds the list; without it the payload is the list. */
  readonly of?: Of
  /** Items at work at once, 1 to 16. */
  readonly parallel?: number
  /** Goes on after a fault, and tells of every item what became of it. */
  readonly partial?: Partly
  /** Items a list may have; a longer one is PAYLOAD_INVALID. */
  readonly most?: number
}
declare const why: unique symbol
interface NoListHere { readonly [why]: 'name the field that is the list: of' }
type Listed<T, Of> = [Of] extends [never] ? [T] extends [readonly unknown[]] ? unknown : NoListHere : unknown

/**
 * Runs a step on every item of a list, and puts what it makes, in order, in the place of the list. The options come
 * first, since they say what the step is given.
 * Stops at a fault: nothing more is started, what is under way is awaited, and the first one by index is thrown, its
 * paths under the item's. With `partial` it does not stop; the run ends well, and its claims are confirmed, whatever
 * became of the items: therefore no step that claims stands in it.
 * Throws PAYLOAD_INVALID for what is no list or too long a one, OUT_OF_TIME, and what the step throws.
 */
export const each = <T, F, const Of extends Lists<T> = never, Partly extends boolean = false>(
  { of, parallel = 1, partial, most = 1_000 }: Options<Of, Partly> & Listed<T, Of>, step: Step<ElementOf<T, Of>, F>,
): Step<T, Made<T, Of, Partly extends true ? Item<F> : F>> => {
  const list = of === undefined ? '' : String(of)
  if (!(Number.isInteger(parallel) && parallel >= 1 && parallel <= 16)) throw new TypeError('each: parallel is 1 to 16')
  if (!(Number.isInteger(most) && most >= 1)) throw new TypeError('each: most is a number of items')
  if (partial && [...leaves(step)].some(({ claims }) => claims)) {
    throw new TypeError('each: a good end of the run would confirm what a failed item has claimed: put the step that claims before it, or leave partial out')
  }
  return {
    kind: 'each',
    config: { of, parallel, partial: partial ?? false, most },
    needs: [],
    steps: [step],
    async run(payload, io) {
      const items = of === undefined ? payload : (payload as Readonly<Record<PropertyKey, unknown>>)[of as PropertyKey]
      if (!Array.isArray(items) || items.length > most) throw new Fault('PAYLOAD_INVALID', [list || '$'])
      const ends: Attempted<F>[] = []
      let next = 0
      let stopped = false
      const lane = async (): Promise<void> => {
        while (next < items.length && !stopped && io.now() < io.deadline) {
          const i = next++
          const end = ends[i] = await io.attempt(step, items[i] as ElementOf<T, Of>)
          stopped ||= !end.ok && !partial
        }
      }
      await Promise.all(Array.from({ length: parallel }, lane))

      const faulty = ends.flatMap((end, i) => end.ok ? [] : [placed(end.fault, `${list}[${i}]`)])
      const done = ends.filter(({ ok }) => ok).length
      io.count({ done, failed: faulty.length })
      if (stopped) throw faulty[0] as Fault
      if (done + faulty.length < items.length) throw new Fault('OUT_OF_TIME')
      const made = ends.map((end, i) => {
        if (end.ok) return partial ? { ok: true, payload: end.payload } : end.payload
        const { code, paths, reason } = placed(end.fault, `${list}[${i}]`)
        return { ok: false, fault: code, paths, reason, effect: end.effect }
      })
      return (of === undefined ? made : { ...payload, [of]: made }) as never
    },
  }
}

/** The fault with its paths under the place; one without paths is about the place itself. */
function placed({ code, paths, retryAfter, reason }: Fault, place: string): Fault {
  const under = paths.map((path) => path === '$' ? place : path.startsWith('[') ? `${place}${path}` : `${place}.${path}`)
  return new Fault(code, under.length > 0 ? under : [place], retryAfter, reason)
}
