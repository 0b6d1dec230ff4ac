import { luhn } from 'sallyport'
import * as v from 'valibot'
import { currencies } from './currencies.ts'

/** Text that may travel in a header: printable ASCII, no space at either end. */
export const reference = (longest: number) => v.pipe(v.string(), v.maxLength(longest), v.regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/))

export const Payment = v.strictObject({
  paymentId: reference(35),
  amount: v.pipe(v.string(), v.regex(/^(?:0|[1-9]\d{0,11})\.\d{2}$/)),
  currency: v.pipe(v.string(), v.check((code) => currencies.has(code))),
  card: v.strictObject({
    number: v.pipe(v.string(), v.regex(/^\d(?: ?\d){11,18}$/), v.check(luhn)),
    expiry: v.pipe(v.string(), v.regex(/^(?:0[1-9]|1[0-2])\/\d{2}$/)),
    cvv: v.pipe(v.string(), v.regex(/^\d{3,4}$/)),
  }),
  payer: v.strictObject({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(140)),
    nationalId: v.pipe(v.string(), v.minLength(1), v.maxLength(35)),
  }),
})
export type PaymentOut = v.InferOutput<typeof Payment>

/** What the acquirer answers; more than this is dropped. */
export const Receipt = v.object({ authorizationId: v.pipe(v.string(), v.minLength(1), v.maxLength(64)) })
