import { describe, expect, it } from 'vitest'
import { readPattern } from '../../../../local/aws/events/pattern.ts'
import type { Members } from '../../../../local/aws/members.ts'

const event = {
  version: '0', source: 'loans', 'detail-type': 'Loan Requested', account: '123456789012', region: 'us-east-1', resources: ['arn:aws:x:1', 'arn:aws:x:2'],
  detail: { state: 'open', amount: 250.5, urgent: true, note: null, applicant: { country: 'DE' }, lines: [{ kind: 'a', n: 1 }, { kind: 'b', n: 2 }], file: 'Scan.PDF' },
}
const matches = (pattern: object, of: Members = event): boolean => readPattern(JSON.stringify(pattern))(of)

describe('an event pattern', () => {
  const table: [pattern: object, matches: boolean][] = [
    [{ source: ['loans'] }, true], [{ source: ['payments', 'loans'] }, true], [{ source: ['Loans'] }, false], [{ source: ['loan'] }, false],
    [{ source: ['loans'], region: ['eu-west-1'] }, false],
    [{ resources: ['arn:aws:x:2'] }, true], [{ resources: ['arn:aws:x:3'] }, false],
    [{ detail: { amount: [250.5] } }, true], [{ detail: { amount: ['250.5'] } }, false], [{ detail: { urgent: [true] } }, true], [{ detail: { note: [null] } }, true],
    [{ detail: { applicant: { country: ['DE', 'AT'] } } }, true], [{ detail: { applicant: { city: ['Bonn'] } } }, false], [{ detail: { state: { deeper: ['open'] } } }, false],
    [{ detail: { lines: { kind: ['b'] } } }, true], [{ detail: { lines: { kind: ['c'] } } }, false], [{ detail: { lines: { kind: ['a'], n: [2] } } }, false],
    [{ source: [{ prefix: 'lo' }] }, true], [{ source: [{ prefix: 'oans' }] }, false], [{ source: [{ prefix: { 'equals-ignore-case': 'LO' } }] }, true],
    [{ detail: { file: [{ suffix: '.PDF' }] } }, true], [{ detail: { file: [{ suffix: '.pdf' }] } }, false], [{ detail: { file: [{ suffix: { 'equals-ignore-case': '.pdf' } }] } }, true],
    [{ source: [{ 'equals-ignore-case': 'LOANS' }] }, true], [{ detail: { amount: [{ prefix: '2' }] } }, false],
    [{ detail: { state: [{ 'anything-but': 'open' }] } }, false], [{ detail: { state: [{ 'anything-but': ['done', 'failed'] }] } }, true],
    [{ detail: { state: [{ 'anything-but': { prefix: 'op' } }] } }, false], [{ detail: { state: [{ 'anything-but': { suffix: 'x' } }] } }, true],
    [{ detail: { state: [{ 'anything-but': { 'equals-ignore-case': ['OPEN'] } }] } }, false],
    // What is not there is nothing else either.
    [{ detail: { missing: [{ 'anything-but': 'open' }] } }, false],
    [{ detail: { amount: [{ numeric: ['>', 0, '<=', 250.5] }] } }, true], [{ detail: { amount: [{ numeric: ['>', 250.5] }] } }, false], [{ detail: { amount: [{ numeric: ['=', 250.5] }] } }, true],
    [{ detail: { state: [{ numeric: ['>', 0] }] } }, false], [{ detail: { amount: [{ numeric: ['>=', 251] }, 250.5] } }, true],
    [{ detail: { state: [{ exists: true }] } }, true], [{ detail: { state: [{ exists: false }] } }, false], [{ detail: { missing: [{ exists: false }] } }, true],
    [{ detail: { missing: { deeper: [{ exists: false }] } } }, true], [{ detail: { note: [{ exists: true }] } }, true], [{ detail: { missing: [{ exists: true }] } }, false],
    // Of an object's own: an event has no constructor.
    [{ constructor: [{ exists: true }] }, false],
    [{ $or: [{ source: ['payments'] }, { detail: { state: ['open'] } }] }, true], [{ source: ['payments'], $or: [{ source: ['loans'] }, { region: ['us-east-1'] }] }, false],
    [{ detail: { $or: [{ amount: [1] }, { urgent: [false] }] } }, false],
  ]
  it.each(table)('%j: %s', (pattern, expected) => {
    expect(matches(pattern)).toBe(expected)
  })

  it.each([
    ['[]', 'the pattern is not a JSON object'], ['{', 'the pattern is not a JSON object'], ['{}', 'Empty objects are not allowed'], ['{"source":[]}', 'Empty arrays are not allowed'],
    ['{"source":"loans"}', 'source must be an object or an array'], ['{"source":[["a"]]}', 'Match value must be String, number, true, false, or null'],
    ['{"source":[{"wildcard":"a*"}]}', 'wildcard is not implemented by this stand-in'], ['{"source":[{"cidr":"10.0.0.0/8"}]}', 'cidr is not implemented by this stand-in'],
    ['{"source":[{"like":"a"}]}', 'Unrecognized match type like'], ['{"source":[{"prefix":"a","suffix":"b"}]}', 'a match type must be the only member'],
    ['{"source":[{"prefix":1}]}', 'prefix must be a string'], ['{"source":[{"numeric":[">"]}]}', 'numeric must be a list'], ['{"source":[{"numeric":["!",1]}]}', 'numeric must be a list'],
    ['{"source":[{"exists":"yes"}]}', 'exists must be true or false'], ['{"$or":[{"source":["a"]}]}', '$or must be a list of at least two patterns'], ['{"source":[{"anything-but":[]}]}', 'anything-but must be'],
  ])('%s is refused', (text, reason) => {
    expect(() => readPattern(text)).toThrow(`Event pattern is not valid. Reason: ${reason}`)
  })
})
