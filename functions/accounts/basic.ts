import { partner, type Partner, type PartnerOptions } from 'sallyport'

interface Basic { readonly username: string; readonly password: string }

/** HTTP Basic (RFC 7617), in UTF-8. The secret: `{"username": "…", "password": "…"}`. */
export const basic = (options: PartnerOptions): Partner<Basic> => ({
  ...partner('basic', options),
  read,
  headers: ({ username, password }) => ({ authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }),
})

/** RFC 7617 section 2: no colon in the user id, no control characters in either; NFC as section 2.1 asks of UTF-8. */
function read(secret: string): Basic {
  const { username, password } = JSON.parse(secret) as Partial<Basic>
  // oxlint-disable-next-line no-control-regex
  const control = /[\u0000-\u001f\u007f]/
  if (typeof username !== 'string' || typeof password !== 'string' || username.includes(':') || control.test(username + password)) {
    throw new TypeError('basic account: {"username": without colon, "password"}, no control characters')
  }
  return { username: username.normalize('NFC'), password: password.normalize('NFC') }
}
