import { describe, expect, test } from 'vitest'
import { canonicalNumber, compareNumbers, sum } from '../../../../local/aws/dynamodb/number.ts'

// The limits are those of the developer guide: 38 digits, 1E-130 to 9.99…E+125.
describe('numbers', () => {
  test.each([
    ['1', '1'], ['+1', '1'], ['-0', '0'], ['0.0', '0'], ['100', '100'], ['1E2', '100'], ['1.50', '1.5'], ['00012', '12'], ['.5', '0.5'],
    ['5.', '5'], ['-1.25e-3', '-0.00125'], ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
    ['1e-130', `0.${'0'.repeat(129)}1`], ['1e125', `1${'0'.repeat(125)}`],
  ])('%s is %s', (given, canonical) => expect(canonicalNumber(given)).toBe(canonical))

  test.each([
    ['', 'numeric'], ['.', 'numeric'], ['1a', 'numeric'], ['0x10', 'numeric'], ['Infinity', 'numeric'], ['1 ', 'numeric'], ['--1', 'numeric'],
    ['123456789012345678901234567890123456789', '38 significant digits'], ['1e126', 'overflow'], ['1e-131', 'underflow'],
    ['9'.repeat(2000), 'numeric'],
  ])('%s is refused', (given, why) => {
    expect(() => canonicalNumber(given)).toThrow(why)
    // No message holds the value.
    if (given.length > 4) expect(() => canonicalNumber(given)).not.toThrow(given)
  })

  test('order', () => {
    const ascending = ['-1e125', '-200', '-20', '-12', '-2', '-0.5', '-0.05', '0', '1e-130', '0.05', '0.5', '2', '12', '20', '200', '1e125'].map(canonicalNumber)
    const shuffled = [...ascending].sort((a, b) => (a < b ? -1 : 1))
    expect(shuffled.sort(compareNumbers)).toEqual(ascending)
  })

  test('sums are exact', () => {
    expect(sum('0.1', '0.2')).toBe('0.3')
    expect(sum('9007199254740993', '1', -1)).toBe('9007199254740992')
    expect(sum('12345678901234567890123456789012345678', '-12345678901234567890123456789012345678')).toBe('0')
    expect(() => sum('1e30', '1e-30')).toThrow('38 significant digits')
  })
})
