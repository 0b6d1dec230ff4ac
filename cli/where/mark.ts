import { randomInt } from 'node:crypto'
import { luhn } from 'sallyport'

/** What can be marked: text and numbers. */
export type Value = string | number

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const letter = (): string => upper[randomInt(26)] as string
const digit = (least = 0): string => String(randomInt(least, 10))

/** A value of the same shape: letters by letters of the same case, digits by digits, all else as it is; Luhn numbers stay such. */
export function drawn<V extends Value>(like: V, keep?: (at: number) => boolean): V
export function drawn(like: Value, keep: (at: number) => boolean = () => false): Value {
  const text = String(like)
  const luhnLike = isLuhn(text)
  let last = -1
  const made = Array.from(text).map((c, at, all) => {
    // By their first digit cards are told from other numbers, in the log too.
    if (keep(at) || (luhnLike && at === 0)) return c
    if (/\p{Nd}/u.test(c)) {
      last = at
      // A number that begins with 0 is another one, and one whose decimals end with 0 is written shorter.
      const whole = !/\p{Nd}/u.test(all[at - 1] ?? '') && c !== '0'
      return digit(whole || (typeof like === 'number' && at === all.length - 1) ? 1 : 0)
    }
    if (/\p{Lu}/u.test(c)) return letter()
    return /\p{L}/u.test(c) ? letter().toLowerCase() : c
  })
  if (typeof like === 'number') return Number(made.join(''))
  if (luhnLike) made[last] = Array.from({ length: 10 }, (_, check) => String(check)).find((check) => luhn(made.with(last, check).join(''))) ?? '0'
  return made.join('')
}

/** A card number or the like: twelve digits or more, and nothing between them but spaces and hyphens. */
const isLuhn = (text: string): boolean => /^[\d -]+$/.test(text) && text.replaceAll(/\D/g, '').length >= 12 && luhn(text)

const two = (n: number): string => String(n).padStart(2, '0')

/** A day or month in the same form as another, in years before it or, of what expires, behind it. */
function date(text: string): string | undefined {
  const month = two(randomInt(1, 13))
  const day = two(randomInt(1, 29))
  const [, year, sign, rest] = /^(\d{4})([-/.]?)\d\d\2\d\d(.*)$/s.exec(text) ?? []
  if (year !== undefined) return `${Number(year) - randomInt(1, 20)}${sign}${month}${sign}${day}${rest}`
  const [, between, short] = /^\d\d([-/.]?)(\d\d|\d{4})$/.exec(text) ?? []
  if (short !== undefined && /^(0[1-9]|1[0-2])/.test(text)) return `${month}${between}${two((Number(short) + randomInt(1, 9)) % (short.length === 2 ? 100 : 10_000))}`
  const [, a, b, behind] = /^\d\d([-/.])\d\d([-/.])(\d{4})$/.exec(text) ?? []
  // Day and month alike, so that either order is one.
  return behind === undefined ? undefined : `${two(randomInt(1, 13))}${a}${two(randomInt(1, 13))}${b}${Number(behind) - randomInt(1, 20)}`
}

/** Lists of which a value is likely to be picked, by what its members look like. */
const picklists: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^[A-Z]{3}$/, ['USD', 'EUR', 'GBP', 'CHF', 'JPY', 'SEK', 'USA', 'DEU', 'FRA', 'GBR']],
  [/^[a-z]{3}$/, ['usd', 'eur', 'gbp', 'chf', 'jpy', 'sek']],
]

/** Ways to draw a value for a field, the one that tells most first; whoever sends it tries which of them the pipeline takes. */
export function ways(like: Value): readonly (() => Value)[] {
  if (typeof like === 'number') return [() => drawn(like), () => drawn(like, (at) => at < Math.ceil(String(like).length / 2))]
  const at = like.lastIndexOf('@')
  const half = like.replaceAll(/\D/g, '').length >= 12 ? 7 : Math.ceil(like.length / 2)
  return [
    ...date(like) === undefined ? [] : [() => date(like) as string],
    () => drawn(like),
    ...at > 0 ? [() => drawn(like, (i) => i >= at)] : [],
    () => drawn(like, (i) => i < half),
    () => drawn(like, (i) => i < like.length - 4),
    ...picklists.flatMap(([shape, members]) => shape.test(like) ? members.filter((member) => member !== like).map((member) => () => member) : []),
  ]
}
