import { Fault, isFault, type Opener } from 'sallyport'

/** Our own trouble is told apart; every cause that a sender can bring about ends alike (RFC 7516 section 11.5). */
const ours = new Set(['UNAVAILABLE', 'ACCOUNT_UNAVAILABLE', 'OUT_OF_TIME'])

async function alike<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isFault(error) && ours.has(error.code) ? error : new Fault('DECRYPTION_FAILED')
  }
}

/** An opener of what may throw anything, and whose every failure is one fault from one place. */
export const opener = (what: Omit<Opener, 'open'> & { readonly open: (...given: Parameters<Opener['open']>) => Uint8Array | Promise<Uint8Array> }): Opener => {
  const { open, openFile } = what
  return {
    ...what,
    open: (...given) => alike(() => open(...given)),
    ...openFile && { openFile: (...given: Parameters<NonNullable<Opener['openFile']>>) => alike(() => openFile(...given)) },
  }
}
