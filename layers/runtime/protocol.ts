/**
 * The order of the ledger's writes, as generators that yield what is to be written and are told what came of it. They wait for
 * nobody: `claims.ts` runs them against DynamoDB, the model in `test/model` against all that can happen in between.
 */
import {
  absence, claim, confirm, doubt, ending, judge, release, rules, takeOver, yieldIt, type Claim, type Ending, type Item, type Transition, type Verdict,
} from './ledger.ts'

/**
 * Several transitions are one transaction. Answered by `written`, or by what stood in the way of each: the item, `nothing`
 * where there was none, `fits` where the conditions held.
 */
export type Answer = 'written' | readonly (Item | 'nothing' | 'fits')[]
export type Writing<Result> = Generator<readonly Transition[], Result, Answer>

/** What one execution holds: an item a key, each under the version that it was claimed under. */
export interface Hold {
  readonly claims: readonly Claim[]
  /** An earlier attempt may have acted. */
  readonly tookOver: boolean
}

/** Why a claim was not granted, and the item that says so. */
export interface Refusal {
  readonly verdict: Exclude<Verdict, 'mine' | 'take-over'>
  readonly seen: Item | undefined
  /** What was asked for where it stands. */
  readonly asked: Claim | undefined
}

/** One identifier: its claim under the version of the digest that is written, and under the others that still count. */
export type Key = readonly [Claim, ...Claim[]]

/** How one key is claimed: what is written for it, and for which claim. */
interface Plan { readonly writes: readonly Transition[]; readonly claims: readonly Claim[]; readonly held: Claim; readonly tookOver: boolean }

function anew(key: Key): Plan {
  const [held, ...others] = key
  const elsewhere = rules['absent elsewhere'](others.map(absence))
  return { writes: [claim(held), ...elsewhere], claims: elsewhere.length === 0 ? [held] : key, held, tookOver: false }
}

/** The gravest comes first. */
const severity: readonly Verdict[] = ['reused', 'duplicate', 'in-doubt', 'in-progress', 'take-over', 'mine']

/** How often a claim is tried where others come and go. */
const mostTries = 4

/**
 * Claims all keys of one execution, or none. `hold` is told before each write what may be held then: what becomes of a write
 * whose answer never comes is settled as if it had happened, since settling is conditional on the attempt.
 */
export function* claiming(keys: readonly Key[], hold: (held: Hold | undefined) => void): Writing<Refusal | undefined> {
  let plans = keys.map(anew)
  for (let tries = 1; ; tries++) {
    hold({ claims: plans.map(({ held }) => held), tookOver: plans.some(({ tookOver }) => tookOver) })
    const answer = yield plans.length === 1 ? (plans[0] as Plan).writes : plans.flatMap(({ writes }) => writes)
    if (answer === 'written') return undefined
    let at = 0
    let worst: { readonly verdict: Verdict; readonly seen: Item; readonly asked: Claim } | undefined
    const next: Plan[] = []
    for (const [i, plan] of plans.entries()) {
      let again = plan.tookOver ? plan : undefined
      for (const asked of plan.claims) {
        const seen = answer[at++] ?? 'fits'
        if (seen === 'fits') continue
        // It was released or taken meanwhile: what was planned on its account is void.
        again = undefined
        if (seen === 'nothing') continue
        const verdict = judge(seen, asked)
        if (verdict === 'take-over') again = { writes: [takeOver(asked, seen)], claims: [asked], held: asked, tookOver: true }
        if (worst === undefined || graver(verdict, worst.verdict) || verdict === worst.verdict && worst.seen.reply === undefined) worst = { verdict, seen, asked }
        // One of an execution's items is another one's, then all are: they were written together.
        if (verdict === 'mine') return undefined
      }
      next.push(again ?? anew(keys[i] as Key))
    }
    const verdict = worst?.verdict ?? 'take-over'
    if (verdict === 'take-over' || verdict === 'mine') {
      if (tries < mostTries) {
        plans = next
        continue
      }
      hold(undefined)
      // Somebody else was faster each time: it is being worked on.
      return { verdict: 'in-progress', seen: undefined, asked: undefined }
    }
    hold(undefined)
    return { verdict, seen: worst?.seen, asked: worst?.asked }
  }
}

const graver = (one: Verdict, other: Verdict): boolean => severity.indexOf(one) < severity.indexOf(other)

/** What is written with the end of a run, besides how it ended. */
export interface Written {
  readonly now: number
  /** The kind of the step that it ended in. */
  readonly step?: string | undefined
  /** The first reply, sealed, by the claim that keeps it. */
  readonly reply?: { readonly id: string; readonly sealed: Uint8Array } | undefined
}

/**
 * Writes how a run ended: all its items together. True where that stands; only a confirm has to. Whatever else cannot be
 * written is left to the lease, which ends by itself.
 */
export function* settling({ claims, tookOver }: Hold, end: Ending, { now, step, reply }: Written): Writing<boolean> {
  const how = ending(end, tookOver)
  const answer = yield claims.map((each) => {
    switch (how) {
      case 'confirm': return confirm(each, now, reply?.id === each.id ? reply.sealed : undefined)
      case 'release': return release(each)
      case 'yield': return yieldIt(each, now)
      case 'doubt': return doubt(each, step)
    }
  })
  if (how !== 'confirm' || answer === 'written') return true
  // Refused, and what stands there is what was to be written: the reply to it was lost.
  return claims.every(({ attempt }, i) => {
    const seen = answer[i]
    return typeof seen === 'object' && seen.state === 'confirmed' && seen.attempt === attempt
  })
}
