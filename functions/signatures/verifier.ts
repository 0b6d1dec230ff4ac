import { Fault, isFault, type Verifier } from 'sallyport'

/** Our own trouble is told apart; every cause that a sender can bring about ends alike. */
const ours = new Set(['UNAVAILABLE', 'ACCOUNT_UNAVAILABLE', 'OUT_OF_TIME'])

async function alike<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isFault(error) && ours.has(error.code) ? error : new Fault('SIGNATURE_INVALID')
  }
}

/** A verifier of what may throw anything, and whose every failure is one fault from one place. */
export const verifier = (what: Verifier): Verifier => {
  const { verify, attest } = what
  return {
    ...what,
    attest: (...given) => alike(() => attest(...given)),
    ...verify && { verify: (...given: Parameters<NonNullable<Verifier['verify']>>) => alike(() => verify(...given)) },
  }
}
