import { describe, expect, test } from 'vitest'
import { claimWrite, confirmWrite, ending, judge, takeOverWrite, yieldWrite, type Claim, type Item } from '../../../layers/runtime/ledger.ts'

const claim: Claim = {
  id: 'id', attempt: 'mine', pipeline: 'loans', fingerprint: 'same', digestVersion: 1, origin: undefined,
  now: 1_000_000, lease: 1_018_000, replaySafe: true, window: 3_600_000, days: 7,
}
const item: Item = {
  state: 'claimed', attempt: 'other', fingerprint: 'same', digestVersion: 1, origin: undefined,
  lease: 999_000, firstClaimedAt: 900_000, expires: undefined,
}

describe('what a refused write means', () => {
  test.each<[string, Partial<Item>, Partial<Claim>, ReturnType<typeof judge>]>([
    ['confirmed', { state: 'confirmed' }, {}, 'duplicate'],
    ['confirmed, and the reply to my own write was lost', { state: 'confirmed', attempt: 'mine' }, {}, 'mine'],
    ['claimed and alive', { lease: 1_000_001 }, {}, 'in-progress'],
    ['claimed by myself: the reply was lost', { attempt: 'mine', lease: 1_018_000 }, {}, 'mine'],
    ['lapsed, the same message, replay-safe', {}, {}, 'take-over'],
    ['lapsed at this very moment', { lease: 1_000_000 }, {}, 'take-over'],
    ['lapsed, another message', { fingerprint: 'another' }, {}, 'in-doubt'],
    ['lapsed, fingerprinted under another version', { digestVersion: 2 }, {}, 'in-doubt'],
    ['lapsed, not replay-safe', {}, { replaySafe: false }, 'in-doubt'],
    ['lapsed, and the partner forgets before the new lease ends', { firstClaimedAt: 1_018_000 - 3_600_000 }, {}, 'in-doubt'],
    ['lapsed, and the partner remembers a moment longer', { firstClaimedAt: 1_018_001 - 3_600_000 }, {}, 'take-over'],
    ['doubt', { state: 'doubt', attempt: 'mine' }, {}, 'in-doubt'],
  ])('%s', (_, seen, mine, verdict) => {
    expect(judge({ ...item, ...seen }, { ...claim, ...mine })).toBe(verdict)
  })
})

test.each<[Parameters<typeof ending>, ReturnType<typeof ending>]>([
  [['done', false, false], 'confirm'],
  [['done', true, true], 'confirm'],
  [['none', false, false], 'release'],
  [['none', false, true], 'release'],
  [['none', true, true], 'yield'],
  [['unknown', false, true], 'yield'],
  [['unknown', true, true], 'yield'],
  [['unknown', false, false], 'doubt'],
])('a run that ended %j: %s', (end, how) => {
  expect(ending(...end)).toBe(how)
})

test('a takeover keeps when it was first claimed, and is conditional on what was seen', () => {
  const write = takeOverWrite('ledger', claim, item)
  expect(write.Item?.['firstClaimedAt']).toStrictEqual({ N: '900000' })
  expect(write.Item?.['attempt']).toStrictEqual({ S: 'mine' })
  expect(write.ConditionExpression).toBe('#state = :claimed AND attempt = :seen AND lease = :lease')
  expect(write.ExpressionAttributeValues).toStrictEqual({ ':claimed': { S: 'claimed' }, ':seen': { S: 'other' }, ':lease': { N: '999000' } })
})

test('every write but the first is conditional on an attempt, and expiry is part of the first one\'s condition', () => {
  expect(claimWrite('ledger', claim).ConditionExpression).toBe('attribute_not_exists(id) OR (#state = :confirmed AND expires <= :now)')
  expect(confirmWrite('ledger', claim, 1_000_000).ConditionExpression).toContain('attempt = :attempt')
  expect(yieldWrite('ledger', claim, 1_000_000).ConditionExpression).toContain('attempt = :attempt')
})

test('a confirmed item expires after its days, in epoch seconds', () => {
  expect(confirmWrite('ledger', claim, 1_000_000).ExpressionAttributeValues?.[':expires']).toStrictEqual({ N: String(1_000 + 7 * 86_400) })
})
