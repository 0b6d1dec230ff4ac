import type { Step } from 'sallyport'

/** A step of a user's own. */
export const shout = <T extends { readonly text: string }>(): Step<T, T> => ({
  kind: 'shout', config: {}, needs: [], run: (payload) => ({ ...payload, text: payload.text.toUpperCase() }),
})
