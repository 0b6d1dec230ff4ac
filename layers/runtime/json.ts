import { Fault } from './fault.ts'
import type { Json } from './field.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const deepest = 64

/**
 * Reads JSON (RFC 8259) and refuses what two readers could read differently: bytes that are not UTF-8, a name twice in
 * an object, `__proto__`, nesting over 64, a number that a double cannot hold as written, half of a surrogate pair.
 * `JSON.parse` lets all of that pass but the first, and quotes its input when it does not.
 * `meet` sees every name with its value, as it is read. Throws PAYLOAD_UNREADABLE.
 */
export function readJson(bytes: Uint8Array, meet?: (name: string, value: Json) => void): Json {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw new Fault('PAYLOAD_UNREADABLE')
  }
  let at = 0

  const refuse = (): never => { throw new Fault('PAYLOAD_UNREADABLE') }
  const space = (): void => {
    for (;;) {
      const c = text.charCodeAt(at)
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return
      at++
    }
  }
  const literal = <T extends Json>(word: string, value: T): T => text.startsWith(word, at) ? (at += word.length, value) : refuse()

  const string = (): string => {
    const start = ++at
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === 0x22) return text.slice(start, at++)
      if (c === 0x5c) return escaped(start)
      // NaN at the end of the text fails this comparison as well.
      if (!(c >= 0x20)) refuse()
      at++
    }
  }
  const escaped = (start: number): string => {
    let out = text.slice(start, at)
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === 0x22) {
        at++
        return out.isWellFormed() ? out : refuse()
      }
      if (!(c >= 0x20)) refuse()
      if (c !== 0x5c) {
        out += text[at++]
        continue
      }
      const letter = text[at + 1]
      if (letter === 'u') {
        const hex = text.slice(at + 2, at + 6)
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) refuse()
        out += String.fromCharCode(Number.parseInt(hex, 16))
        at += 6
      } else {
        out += escapes.get(letter as string) ?? refuse()
        at += 2
      }
    }
  }

  const number = (): number => {
    shape.lastIndex = at
    const source = shape.exec(text)?.[0] ?? refuse()
    at += source.length
    const value = Number(source)
    // Fifteen significant digits and no exponent always survive (IEEE 754 double); only the rest need a closer look.
    if (source.length > 15 || !plain.test(source)) {
      if (!Number.isFinite(value) || decimal(source) !== decimal(String(value))) refuse()
    }
    return value
  }

  const value = (depth: number): Json => {
    space()
    switch (text.charCodeAt(at)) {
      case 0x22: return string()
      case 0x7b: return object(depth + 1)
      case 0x5b: return array(depth + 1)
      case 0x74: return literal('true', true)
      case 0x66: return literal('false', false)
      case 0x6e: return literal('null', null)
      default: return number()
    }
  }
  const array = (depth: number): Json => {
    if (depth > deepest) refuse()
    at++
    const items: Json[] = []
    space()
    if (text.charCodeAt(at) === 0x5d) { at++; return items }
    for (;;) {
      items.push(value(depth))
      space()
      const c = text.charCodeAt(at++)
      if (c === 0x5d) return items
      if (c !== 0x2c) refuse()
    }
  }
  const object = (depth: number): Json => {
    if (depth > deepest) refuse()
    at++
    const members: Record<string, Json> = {}
    space()
    if (text.charCodeAt(at) === 0x7d) { at++; return members }
    for (;;) {
      space()
      if (text.charCodeAt(at) !== 0x22) refuse()
      const name = string()
      if (name === '__proto__' || Object.hasOwn(members, name)) refuse()
      space()
      if (text.charCodeAt(at++) !== 0x3a) refuse()
      const member = value(depth)
      members[name] = member
      meet?.(name, member)
      space()
      const c = text.charCodeAt(at++)
      if (c === 0x7d) return members
      if (c !== 0x2c) refuse()
    }
  }

  const whole = value(0)
  space()
  return at === text.length ? whole : refuse()
}

const escapes = new Map([['"', '"'], ['\\', '\\'], ['/', '/'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t']])
const shape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const plain = /^-?[\d.]+$/

/** Sign, significant digits and power of ten, so that 12.50, 12.5 and 1.25e1 are one. */
function decimal(source: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? []
  const significant = (whole + fraction).replace(/^0+/, '')
  let end = significant.length
  // No expression: /0+$/ looks at every run of zeros anew from each of its places.
  while (significant[end - 1] === '0') end--
  const trimmed = significant.slice(0, end)
  if (trimmed === '') return '0'
  return `${source.startsWith('-') ? '-' : ''}${trimmed}e${Number(exponent) - fraction.length + significant.length - trimmed.length}`
}
