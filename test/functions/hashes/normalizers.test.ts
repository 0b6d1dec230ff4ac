import { expect, test } from 'vitest'
import { email, nfc } from '../../../functions/hashes/normalizers.ts'
import { cpu } from '../../cpu.ts'

test('nfc makes one of two spellings and leaves the rest', () => {
  expect(nfc.run(' E\u0301 ')).toBe(' \u00c9 ')
})

test.each([
  [' Ada@Example.ORG ', 'ada@example.org'],
  ['ada@M\u00fcnchen.example', 'ada@xn--mnchen-3ya.example'],
  ['ada@XN--MNCHEN-3YA.example', 'ada@xn--mnchen-3ya.example'],
  ['J\u006f\u0308rg@example.org', 'j\u00f6rg@example.org'],
  ['"a@b"@example.org', '"a@b"@example.org'],
  ['no address', 'no address'],
  ['@example.org', '@example.org'],
  ['@M\u00fcnchen.example', '@m\u00fcnchen.example'],
  ['M\u00fcnchen.example', 'm\u00fcnchen.example'],
  [`${'a'.repeat(250)}@M\u00fcnchen.example`, `${'a'.repeat(250)}@xn--mnchen-3ya.example`],
  ['ada@', 'ada@'],
  ['', ''],
])('email brings %j to %j, and that stays', (text, wanted) => {
  expect(email.run(text)).toBe(wanted)
  expect(email.run(wanted)).toBe(wanted)
})

test('a domain of 253 characters is one, and a longer one stays as it is', () => {
  const domain = (characters: number): string => `\u00fc.${'a.'.repeat(125)}${'b'.repeat(characters - 252)}`
  expect(domain(253)).toHaveLength(253)
  expect(email.run(`ada@${domain(253)}`)).toBe(`ada@xn--tda.${'a.'.repeat(125)}b`)
  expect(email.run(`ada@${domain(254)}`)).toBe(`ada@\u00fc.${'a.'.repeat(125)}bb`)
})

test('they are shown by their names', () => {
  expect([nfc.name, email.name]).toStrictEqual(['nfc', 'email'])
})

test('a text of a megabyte costs nothing', () => {
  const begun = cpu()
  email.run(`a@${'\u00fc.'.repeat(500_000)}`)
  expect(cpu() - begun).toBeLessThan(500)
})
