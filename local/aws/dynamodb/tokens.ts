import { invalid, type Failure } from '../failure.ts'
import type { Placeholders } from './placeholders.ts'
import { reserved } from './reserved.ts'
import type { Value } from './value.ts'

/** Where a value stands in an item: names of maps, indexes of lists. The first part is always a name. */
export type Path = readonly (string | number)[]

const maxExpression = 4096
const token = /\s*(?:([#:]?[A-Za-z_0-9]+)|(<>|<=|>=|[()[\],.=<>+-])|$)/y

/** Reads one expression from left to right. */
export type Cursor = {
  /** `ConditionExpression`, `UpdateExpression`, … for messages. */
  readonly expression: string
  peek(ahead?: number): string | undefined
  next(): string
  /** Consumes the token if it comes next (keywords without regard to case). */
  take(wanted: string): boolean
  expect(wanted: string): void
  end(): void
  readonly fail: (reason: string) => Failure
  path(): Path
  value(): Value
}

function tokenize(text: string, fail: (reason: string) => Failure): string[] {
  const found: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw fail(`Syntax error; token: "${text.slice(at).trim().slice(0, 1)}", near: "${text.slice(at, at + 20).trim()}"`)
    const word = match[1] ?? match[2]
    if (word === undefined) break
    found.push(word)
  }
  return found
}

/** A cursor over an expression; `#` and `:` are resolved as they are read. Throws `ValidationException`. */
export function cursor(text: string, expression: string, placeholders: Placeholders): Cursor {
  const fail = (reason: string): Failure => invalid(`Invalid ${expression}: ${reason}`)
  if (text.trim() === '') throw fail('The expression can not be empty;')
  if (Buffer.byteLength(text) > maxExpression)
    throw fail(`Expression size has exceeded the maximum allowed size; expression size: ${Buffer.byteLength(text)}`)
  const tokens = tokenize(text, fail)
  let at = 0

  const syntax = (): Failure => {
    const near = tokens.slice(Math.max(0, at - 1), at + 2).join(' ')
    return fail(`Syntax error; token: "${tokens[at] ?? '<EOF>'}", near: "${near}"`)
  }
  const peek = (ahead = 0): string | undefined => tokens[at + ahead]
  const next = (): string => {
    const word = tokens[at]
    if (word === undefined) throw syntax()
    at += 1
    return word
  }
  const take = (wanted: string): boolean => {
    if (tokens[at]?.toUpperCase() !== wanted) return false
    at += 1
    return true
  }
  const expect = (wanted: string): void => {
    if (!take(wanted)) throw syntax()
  }
  const name = (): string => {
    const word = tokens[at] ?? ''
    if (word.startsWith('#')) return placeholders.name(next(), expression)
    if (!/^[A-Za-z]/.test(word)) throw syntax()
    if (reserved.has(word.toUpperCase()))
      throw fail(`Attribute name is a reserved keyword; reserved keyword: ${word}`)
    return next()
  }

  return {
    expression, peek, next, take, expect, fail,
    end() {
      if (at < tokens.length) throw syntax()
    },
    path() {
      const path: (string | number)[] = [name()]
      for (;;) {
        if (take('.')) path.push(name())
        else if (take('[')) {
          if (!/^\d{1,9}$/.test(tokens[at] ?? '')) throw syntax()
          path.push(Number(next()))
          expect(']')
        } else return path
      }
    },
    value() {
      if (!tokens[at]?.startsWith(':')) throw syntax()
      return placeholders.value(next(), expression)
    },
  }
}

/** How a path is printed in AWS's messages: `[a, b, [0]]`. */
export const printPath = (path: Path): string => `[${path.map((part) => (typeof part === 'number' ? `[${part}]` : part)).join(', ')}]`
