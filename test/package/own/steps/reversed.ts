import type { Sealer } from 'sallyport'

/** A cipher of a user's own: it hides nothing, and shows that a cipher is an object like ours. */
export const reversed = (): Sealer => ({
  cipher: 'reversed', config: {}, needs: [], mediaType: 'text/plain',
  seal: async (plain) => ({ sealed: Buffer.from(plain).toString().split('').toReversed().join('') }),
})
