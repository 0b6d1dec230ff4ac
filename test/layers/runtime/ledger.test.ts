import { describe, expect, test } from 'vitest'
import { claim as claimIt, confirm, confirmDoubt, doubt, ending, judge, release, releaseDoubt, sweep, sweepable, takeOver, yieldIt, type Claim, type Item } from '../../../layers/runtime/ledger.ts'
import { entry, readItem } from '../../../layers/runtime/ledger-table.ts'

const claim: Claim = {
  id: 'id', attempt: 'mine', pipeline: 'loans', fingerprint: 'same', digestVersion: 1, origin: undefined,
  now: 1_000_000, lease: 1_018_000, replaySafe: true, window: 3_600_000, days: 7,
}
const item: Item = {
  id: 'id', state: 'claimed', attempt: 'other', pipeline: 'loans', fingerprint: 'same', digestVersion: 1,
  lease: 999_000, firstClaimedAt: 900_000, repeatable: 4_500_000, days: 7, open: 'claimed-9',
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
    ['an Idempotency-Key, confirmed for another payload', { state: 'confirmed', body: 'another' }, { body: 'mine' }, 'reused'],
    ['an Idempotency-Key, being worked on with another payload', { lease: 1_000_001, body: 'another' }, { body: 'mine' }, 'reused'],
    ['an Idempotency-Key, confirmed for this payload', { state: 'confirmed', body: 'mine', fingerprint: 'of another definition' }, { body: 'mine' }, 'duplicate'],
    ['an identifier, confirmed with another payload', { state: 'confirmed', fingerprint: 'another' }, {}, 'duplicate'],
  ])('%s', (_, seen, mine, verdict) => {
    expect(judge({ ...item, ...seen }, { ...claim, ...mine })).toBe(verdict)
  })
})

test.each<[Parameters<typeof ending>, ReturnType<typeof ending>]>([
  [[{ effect: 'done', repeatable: false }, false], 'confirm'],
  [[{ effect: 'done', repeatable: true }, true], 'confirm'],
  [[{ effect: 'none', repeatable: false }, false], 'release'],
  [[{ effect: 'none', repeatable: true }, false], 'release'],
  [[{ effect: 'none', repeatable: true }, true], 'yield'],
  [[{ effect: 'none', repeatable: false }, true], 'doubt'],
  [[{ effect: 'unknown', repeatable: true }, false], 'yield'],
  [[{ effect: 'unknown', repeatable: true }, true], 'yield'],
  [[{ effect: 'unknown', repeatable: false }, false], 'doubt'],
])('a run that ended %j: %s', (end, how) => {
  expect(ending(...end)).toBe(how)
})

describe('as DynamoDB is asked', () => {
  test('a claim: absent, or confirmed and past its retention; in the partition of the index that its id has', () => {
    expect(entry('ledger', claimIt(claim))).toStrictEqual({
      Put: {
        TableName: 'ledger',
        Item: {
          id: { S: 'id' }, state: { S: 'claimed' }, attempt: { S: 'mine' }, pipeline: { S: 'loans' }, fingerprint: { S: 'same' }, digestVersion: { N: '1' },
          lease: { N: '1018000' }, firstClaimedAt: { N: '1000000' }, days: { N: '7' }, repeatable: { N: '4600000' }, open: { S: 'claimed-9' },
        },
        ConditionExpression: '(attribute_not_exists(id)) OR (expires <= :now)',
        ExpressionAttributeValues: { ':now': { N: '1000' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    })
  })
  test('a takeover keeps when it was first claimed, and is conditional on what was seen', () => {
    const { Put } = entry('ledger', takeOver(claim, item))
    expect([Put?.Item?.['firstClaimedAt'], Put?.Item?.['attempt'], Put?.Item?.['repeatable']]).toStrictEqual([{ N: '900000' }, { S: 'mine' }, { N: '4500000' }])
    expect(Put?.ConditionExpression).toBe('#state = :claimed AND attempt = :seen')
    expect(Put?.ExpressionAttributeValues).toStrictEqual({ ':claimed': { S: 'claimed' }, ':seen': { S: 'other' } })
  })
  test('a confirm: by its attempt alone, and it leaves the index; it expires after its days, in epoch seconds', () => {
    expect(entry('ledger', confirm(claim, 1_000_000))).toStrictEqual({
      Update: {
        TableName: 'ledger', Key: { id: { S: 'id' } },
        UpdateExpression: 'SET #state = :new_state, #expires = :new_expires, #confirmedAt = :new_confirmedAt REMOVE #lease, #open, #step',
        ConditionExpression: 'attempt = :attempt',
        ExpressionAttributeNames: { '#state': 'state', '#expires': 'expires', '#confirmedAt': 'confirmedAt', '#lease': 'lease', '#open': 'open', '#step': 'step' },
        ExpressionAttributeValues: {
          ':attempt': { S: 'mine' },
          ':new_state': { S: 'confirmed' }, ':new_expires': { N: String(1_000 + 7 * 86_400) }, ':new_confirmedAt': { N: '1000000' },
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    })
  })
  test.each([
    ['release', release(claim), 'attempt = :attempt AND #state = :claimed'], ['yield', yieldIt(claim, 1_000_000), 'attempt = :attempt AND #state = :claimed'],
    ['doubt', doubt(claim, 'call'), 'attempt = :attempt AND #state = :claimed'], ['sweep', sweep(item), '#state = :claimed AND attempt = :seen'],
    ['confirm of a doubt', confirmDoubt(item, 1, 'asked the bank', 'ada'), '#state = :doubt AND attempt = :seen'], ['release of a doubt', releaseDoubt(item), '#state = :doubt AND attempt = :seen'],
  ])('%s is conditional on an attempt', (_, transition, asked) => {
    const { Update, Delete } = entry('ledger', transition)
    expect((Update ?? Delete)?.ConditionExpression).toBe(asked)
  })
  test('an item comes back as it was written', () => {
    const { Put } = entry('ledger', claimIt({ ...claim, origin: 'from' }))
    expect(readItem(Put?.Item ?? {})).toStrictEqual({
      id: 'id', state: 'claimed', attempt: 'mine', pipeline: 'loans', fingerprint: 'same', digestVersion: 1, origin: 'from',
      lease: 1_018_000, firstClaimedAt: 1_000_000, days: 7, repeatable: 4_600_000, open: 'claimed-9',
    })
  })
})

test.each([
  ['lapsed, and nobody may repeat it', { repeatable: 1_000_000 }, true], ['lapsed, and the same message may still come', { repeatable: 1_000_001 }, false],
  ['alive', { repeatable: 0, lease: 1_000_001 }, false], ['a doubt', { repeatable: 0, state: 'doubt' as const }, false], ['confirmed', { repeatable: 0, state: 'confirmed' as const }, false],
])('the sweep: %s', (_, seen, taken) => {
  expect(sweepable({ ...item, ...seen }, 1_000_000)).toBe(taken)
})
