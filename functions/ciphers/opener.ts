import type { Opener } from 'sallyport'
import { alike } from './parts/alike.ts'

/** An opener of what may throw anything, and whose every failure is one fault from one place. */
export const opener = (what: Omit<Opener, 'open'> & { readonly open: (...given: Parameters<Opener['open']>) => Uint8Array | Promise<Uint8Array> }): Opener => {
  const { open, openFile } = what
  return {
    ...what,
    open: (...given) => alike('DECRYPTION_FAILED', () => open(...given)),
    ...openFile && { openFile: (...given: Parameters<NonNullable<Opener['openFile']>>) => alike('DECRYPTION_FAILED', () => openFile(...given)) },
  }
}
