import * as v from 'valibot'
import { reference } from './payment.ts'

/** A day that the calendar has. */
const day = v.pipe(v.string(), v.isoDate(), v.check((text) => {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}))

export const LoanApplication = v.strictObject({
  applicationId: reference(64),
  applicant: v.strictObject({
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(140)),
    /** Nine digits once spaces, dots and hyphens go. */
    ssn: v.pipe(v.string(), v.regex(/^(?:[ .-]*\d){9}[ .-]*$/), v.maxLength(32)),
    email: v.pipe(v.string(), v.maxLength(254), v.email()),
    birthDate: day,
  }),
  amount: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e9)),
  income: v.pipe(v.number(), v.minValue(0), v.maxValue(1e9)),
})

/** What the loan system answers; more than this is dropped. */
export const Accepted = v.object({ loanId: v.pipe(v.string(), v.minLength(1), v.maxLength(64)) })
