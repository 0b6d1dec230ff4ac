import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  absence, applied, claim, conditions, confirm, confirmDoubt, doubt, release, releaseDoubt, sweep, takeOver, yieldIt, type Claim, type Item, type Transition,
} from '../../layers/runtime/ledger.ts'

const page = readFileSync(new URL('../../docs/decisions/0019-the-ledger-is-a-protocol.md', import.meta.url), 'utf8')
const mine: Claim = { id: 'id', attempt: 'mine', pipeline: 'loans', fingerprint: 'f', digestVersion: 1, origin: undefined, now: 10_000_000, lease: 10_018_000, replaySafe: true, window: 1, days: 1 }
const stands: Omit<Item, 'state'> = { id: 'id', attempt: 'mine', pipeline: 'loans', fingerprint: 'f', digestVersion: 1, firstClaimedAt: 0, repeatable: 0, days: 1, lease: 1 }
const items: readonly (Item | undefined)[] = [
  undefined, { ...stands, state: 'claimed', open: 'claimed-1' }, { ...stands, state: 'doubt', open: 'doubt' }, { ...stands, state: 'confirmed', expires: 1 },
]
const seen: Item = { ...stands, state: 'claimed' }
const all: readonly Transition[] = [
  claim(mine), absence(mine), takeOver({ ...mine, attempt: 'another' }, seen), confirm(mine, 1), release(mine), yieldIt(mine, 1), doubt(mine), sweep(seen), confirmDoubt(seen, 1, 'why', 'who'), releaseDoubt(seen),
]

test('the diagram of the ledger has the transitions that the code has, and no other', () => {
  const made = new Set<string>()
  for (const transition of all) {
    for (const item of items) {
      if (!transition.when.some((conjunction) => conjunction.every((name) => conditions[name].holds(item, transition.given)))) continue
      const after = applied(item, transition)
      if (transition.change !== 'nothing') made.add(`${item?.state ?? 'absent'} --> ${after?.state ?? 'absent'}: ${transition.name}`)
    }
  }
  const drawn = [...page.matchAll(/^ {2}(\w+ --> \w+: [\w ]+)$/gm)].map(([, edge]) => edge)
  expect(new Set(drawn)).toStrictEqual(made)
  expect(drawn).toHaveLength(made.size)
})

test('the table of the ledger names every write that changes something', () => {
  const named = [...page.matchAll(/^\| ([a-z ,]+) \| (?!by whom)/gm)].flatMap(([, names = '']) => names.split(', '))
  expect(named.toSorted()).toStrictEqual(all.filter(({ change }) => change !== 'nothing').map(({ name }) => name).toSorted())
})
