import type { Verifier } from 'sallyport'
import { alike } from '../ciphers/parts/alike.ts'

/** A verifier of what may throw anything, and whose every failure is one fault from one place. */
export const verifier = (what: Verifier): Verifier => {
  const { verify, attest } = what
  return {
    ...what,
    attest: (...given) => alike('SIGNATURE_INVALID', () => attest(...given)),
    ...verify && { verify: (...given: Parameters<NonNullable<Verifier['verify']>>) => alike('SIGNATURE_INVALID', () => verify(...given)) },
  }
}
