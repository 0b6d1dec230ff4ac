import { invalid } from '../failure.ts'

/** An exact decimal: coefficient × 10^exponent, without trailing zeros in the coefficient. */
type Decimal = { readonly coefficient: bigint; readonly exponent: number }

const shape = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/
const maxDigits = 38
const maxLength = 1000

function normal(coefficient: bigint, exponent: number): Decimal {
  if (coefficient === 0n) return { coefficient, exponent: 0 }
  const digits = coefficient.toString()
  const zeros = /0*$/.exec(digits)?.[0].length ?? 0
  return { coefficient: BigInt(digits.slice(0, digits.length - zeros)), exponent: exponent + zeros }
}

const magnitude = (coefficient: bigint): string => coefficient.toString().replace('-', '')

function checked(decimal: Decimal): Decimal {
  const digits = magnitude(decimal.coefficient).length
  if (digits > maxDigits) throw invalid('Attempting to store more than 38 significant digits in a Number')
  const leading = decimal.exponent + digits - 1
  if (decimal.coefficient !== 0n && leading > 125)
    throw invalid('Number overflow. Attempting to store a number with magnitude larger than supported range')
  if (decimal.coefficient !== 0n && leading < -130)
    throw invalid('Number underflow. Attempting to store a number with magnitude smaller than supported range')
  return decimal
}

function read(text: string): Decimal {
  const [whole, sign = '', integer = '', fraction = '', exponent = '0'] = text.length > maxLength ? [] : (shape.exec(text) ?? [])
  if (whole === undefined || integer + fraction === '') throw invalid('The parameter cannot be converted to a numeric value')
  return checked(normal(BigInt(`${sign === '-' ? '-' : ''}${integer}${fraction}`), Number(exponent) - fraction.length))
}

function print({ coefficient, exponent }: Decimal): string {
  const digits = magnitude(coefficient)
  const sign = coefficient < 0n ? '-' : ''
  if (exponent >= 0) return sign + digits + '0'.repeat(exponent)
  const padded = digits.padStart(1 - exponent, '0')
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}

/** What most numbers are: whole, and spelled as they are kept. */
const whole = new RegExp(`^(?:0|[1-9]\\d{0,${maxDigits - 1}})$`)

/** The one spelling of a number: `1E2`, `100.0` and `+100` are all `100`. Throws `ValidationException`. */
export const canonicalNumber = (text: string): string => whole.test(text) ? text : print(read(text))

/** a + b, or a - b, exactly; both canonical. */
export function sum(a: string, b: string, sign: 1 | -1 = 1): string {
  const [x, y] = [read(a), read(b)]
  const exponent = Math.min(x.exponent, y.exponent)
  const scaled = (n: Decimal): bigint => n.coefficient * 10n ** BigInt(n.exponent - exponent)
  return print(checked(normal(scaled(x) + scaled(y) * BigInt(sign), exponent)))
}

/** Bytes that sort as the numbers do. */
export function sortableNumber(text: string): Buffer {
  const { coefficient, exponent } = read(text)
  if (coefficient === 0n) return Buffer.from([0x80])
  const digits = magnitude(coefficient)
  const body = Buffer.alloc(2 + digits.length)
  body.writeUInt16BE(exponent + digits.length + 1000, 0)
  body.write(digits, 2, 'latin1')
  if (coefficient > 0n) return Buffer.concat([Buffer.from([0xc0]), body])
  // Larger magnitudes come first, and a longer one before its own prefix: hence the closing byte.
  return Buffer.concat([Buffer.from([0x40]), body.map((byte) => 255 - byte), Buffer.from([0xff])])
}

/** -1, 0 or 1. */
export const compareNumbers = (a: string, b: string): number => Buffer.compare(sortableNumber(a), sortableNumber(b))

/** What a number weighs in an item: about one byte for two significant digits, one more, and one for a minus. */
export function numberSize(text: string): number {
  const digits = text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length
  return Math.ceil(digits / 2) + 1 + (text.startsWith('-') ? 1 : 0)
}
