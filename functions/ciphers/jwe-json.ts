import { readJson } from 'sallyport'
import { bytesIn } from './fields/encoding.ts'
import { failed, type Header, type Use } from './jwe/algorithm.ts'
import { checkHeader, readHeader, type Form, type Token } from './jwe/form.ts'

export type { Form } from './jwe/form.ts'

/** Readers of one token. */
const most = 16

interface Options {
  /** Text that everybody can read and nobody can change. Only a token that has the same opens. */
  readonly aad?: string
}

/**
 * JWE in flattened JSON serialisation (RFC 7516 section 7.2.2): all of the header is protected. It opens general ones as well.
 * The media type is `application/jose+json`.
 */
export const flattenedJson = ({ aad }: Options = {}): Form => ({
  ...json('flattened JSON', aad),
  write([recipient], enc, encrypt) {
    const { header, wrapped } = recipient ?? failed()
    return written({ ...header, enc }, aad, encrypt, encryptedKey(wrapped))
  },
})

/**
 * JWE in general JSON serialisation (RFC 7516 section 7.2.1), for 1 to 16 readers; it opens flattened ones as well. What
 * concerns one of several readers is not protected: a changed bit there is found by that reader alone.
 * The media type is `application/jose+json`.
 */
export const generalJson = ({ aad }: Options = {}): Form & { readonly several: true } => ({
  ...json('general JSON', aad),
  several: true,
  check({ to }) {
    if (Array.isArray(to) && (to.length < 1 || to.length > most)) throw new TypeError(`jwe, to: 1 to ${most} readers`)
  },
  write(recipients, enc, encrypt) {
    const [first] = recipients
    return recipients.length === 1 && first
      ? written({ ...first.header, enc }, aad, encrypt, { recipients: [encryptedKey(first.wrapped)] })
      : written({ enc }, aad, encrypt, { recipients: recipients.map(({ header, wrapped }) => ({ header, ...encryptedKey(wrapped) })) })
  },
})

function json(form: string, aad: string | undefined): Omit<Form, 'write'> & { readonly aad?: string } {
  if (aad === '') throw new TypeError('jwe, aad: write what is to be authenticated, or leave it out')
  return { form, mediaType: 'application/jose+json', ...aad !== undefined && { aad }, check: one, read: (sealed) => read(sealed, aad) }
}

const one = ({ to }: Use): void => {
  if (Array.isArray(to) && to.length !== 1) throw new TypeError('jwe, to: one reader, or with form: generalJson() up to 16')
}

/** Absent where it is empty (section 7.2.1). */
const encryptedKey = (wrapped: Buffer): object => wrapped.length === 0 ? {} : { encrypted_key: wrapped.toString('base64url') }

/** What is authenticated: the protected header as it is written, and with a dot behind it the AAD (section 5.1, step 14). */
const authenticated = (first: string, aad: string | undefined): string => aad === undefined ? first : `${first}.${aad}`

function written(header: object, aad: string | undefined, encrypt: Parameters<Form['write']>[2], readers: object): string {
  const first = Buffer.from(JSON.stringify(header)).toString('base64url')
  const bound = aad === undefined ? undefined : Buffer.from(aad).toString('base64url')
  const { iv, ciphertext, tag } = encrypt(authenticated(first, bound))
  return JSON.stringify({
    protected: first, ...readers, aad: bound, iv: iv.toString('base64url'), ciphertext: ciphertext.toString('base64url'), tag: tag.toString('base64url'),
  })
}

/** Either JSON serialisation. Members that it does not know are passed over, as section 7.2.1 wants it. */
function read(sealed: string, wanted: string | undefined): Token {
  const token = members(readJson(Buffer.from(sealed)))
  const { protected: first, unprotected, aad, recipients } = token
  if (typeof first !== 'string' || aad !== undefined && (typeof aad !== 'string' || bytesIn('base64url', aad).length === 0)) return failed()
  if (wanted !== undefined && aad !== Buffer.from(wanted).toString('base64url')) return failed()
  if (recipients !== undefined && ('header' in token || 'encrypted_key' in token)) return failed()
  const readers = recipients === undefined ? [token] : Array.isArray(recipients) && recipients.length >= 1 && recipients.length <= most ? recipients.map(members) : failed()
  const shielded = readHeader(bytesIn('base64url', first))
  const [iv, ciphertext, tag] = [token['iv'], token['ciphertext'], token['tag']].map((part) => bytesIn('base64url', part)) as [Buffer, Buffer, Buffer]
  return {
    iv, ciphertext, tag,
    aad: authenticated(first, aad),
    recipients: readers.map(({ header = {}, encrypted_key: key = '' }) => ({
      header: joined(shielded, members(unprotected ?? {}), members(header)), wrapped: bytesIn('base64url', key),
    })),
  }
}

const members = (value: unknown): Header => typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Header : failed()

/** The three parts as one header: no name twice (RFC 7516 section 4), and nothing that decides how it is opened but `alg` unprotected. */
function joined(shielded: Header, ...open: readonly [Header, Header]): Header {
  const whole: Header = Object.assign({}, shielded, ...open)
  const names = [shielded, ...open].flatMap((part) => Object.keys(part))
  if (new Set(names).size !== names.length || open.some((part) => 'enc' in part) || JSON.stringify(open).length > 4_096) failed()
  return checkHeader(whole)
}
