import { Fault, isFault, type FaultCode } from 'sallyport'

const ours = new Set<string>(['UNAVAILABLE', 'ACCOUNT_UNAVAILABLE', 'OUT_OF_TIME'])

/** Our own trouble, which is told apart from what a sender can bring about. */
export const isOurTrouble = (error: unknown): boolean => isFault(error) && ours.has(error.code)

/** Every cause that a sender can bring about ends in the one fault of this code, which says nothing (RFC 7516 section 11.5). */
export async function alike<T>(code: FaultCode, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isOurTrouble(error) ? error : new Fault(code)
  }
}
