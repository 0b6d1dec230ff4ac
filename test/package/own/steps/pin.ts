import { partner, type Partner, type PartnerOptions } from 'sallyport'

/** A way to sign in of a user's own. The secret: `{"pin": "…"}`. */
export const pin = (options: PartnerOptions): Partner<{ readonly pin: string }> => ({
  ...partner('pin', options),
  read(secret) {
    const { pin } = JSON.parse(secret) as { pin?: unknown }
    if (typeof pin !== 'string') throw new TypeError('pin account: {"pin": digits}')
    return { pin }
  },
  headers: ({ pin }) => ({ 'x-pin': pin }),
})
