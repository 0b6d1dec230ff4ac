import type { Io, Signer, Verifier } from 'sallyport'
import { holds, type Algorithm } from './parts/algorithm.ts'
import { bytesIn } from '../ciphers/fields/encoding.ts'
import { compact, failed, type Form, type Header, type Token } from './parts/form.ts'
import { keysOf, type Imported, type Ours, type Own, type Shared, type Theirs } from './parts/keys.ts'
import { verifier } from './verifier.ts'

interface Written {
  /** `flattenedJson()` of `sallyport/signatures/jws-json`; without it the compact form. */
  readonly form?: Form
  /** What kind of token it is, as a media type without `application/` (RFC 7515 section 4.1.9): it is written, and a token of another kind does not hold. */
  readonly typ?: string
  /** The payload is signed as it is, and not its base64url (RFC 7797): what is signed is detached, what is verified may be attached. */
  readonly unencoded?: boolean
}

/** Signs, and verifies what it signed. */
export type JwsSigning = Written & (Own | Imported | Shared)
/** Verifies alone. */
export type JwsVerifying = Written & (Theirs | Ours)

/** Verifies JWS. */
export interface JwsVerifier extends Verifier {
  readonly signature: 'jws'
  readonly algorithm: Algorithm
  /** In compact form with its payload encoded, as tokens are. */
  readonly compact: boolean
  /** As `verify`, with the header; may throw anything. */
  readonly read: (signed: string, io: Io) => Promise<{ readonly header: Header; readonly plain: Uint8Array }>
}

/** Signs by JWS. */
export interface JwsSigner extends Signer {
  readonly signature: 'jws'
  /** As `sign`, of another kind of token. */
  readonly write: (plain: Uint8Array, io: Io, typ: string) => Promise<string>
}

/**
 * JWS (RFC 7515) on node:crypto or in KMS, with RS, PS, ES and HS of RFC 7518 and Ed25519 of RFC 8037. `key` signs and
 * verifies, `from` verifies alone; each key is bound to one algorithm, and a token that names another does not hold.
 *
 * Refused: `none`, `crit` and `b64` but as `unencoded` has them, keys and addresses of keys in the header, a header over
 * 4,096 bytes, a token over 4 MiB, base64url in another than its one spelling. A token by a signing key of ours must say by
 * `kid` which half signed it; one by an account may name a key, and then it is that one. Whoever can read it can read what it holds.
 *
 * Throws a TypeError for options that do not go together. Signing throws UNAVAILABLE, ACCOUNT_UNAVAILABLE; verifying those
 * and SIGNATURE_INVALID.
 */
export function jws(use: JwsSigning): JwsSigner & JwsVerifier
export function jws(use: JwsVerifying): JwsVerifier
export function jws(use: JwsSigning | JwsVerifying): JwsVerifier | JwsSigner & JwsVerifier {
  const { form = compact, typ, unencoded = false } = use
  if (typ !== undefined && !/^[\w!#$&^.+-]{1,127}(\/[\w!#$&^.+-]{1,127})?$/.test(typ)) throw new TypeError('jws, typ: write a media type, without application/, as JWT or at+jwt')
  const { algorithm, needs, half, verifying } = keysOf('jws', use)
  const what = { signature: 'jws' as const, config: { ...use, form: form.form, algorithm }, needs }

  const write = half && (async (plain: Uint8Array, io: Io, kind = typ, detached = false): Promise<string> => {
    const { kid, sign } = await half(io)
    const header = { alg: algorithm, kid, typ: kind, ...unencoded && { b64: false, crit: ['b64'] } }
    const shielded = Buffer.from(JSON.stringify(header)).toString('base64url')
    const payload = Buffer.from(plain).toString('base64url')
    const signature = await sign(input(shielded, unencoded ? plain : payload))
    return form.write(shielded, detached ? undefined : payload, Buffer.from(signature).toString('base64url'))
  })

  const admits = ({ alg, kid, typ: kind, crit, b64 }: Header): boolean =>
    alg === algorithm && (kid === undefined || typeof kid === 'string' && kid.length <= longestKid)
    && (typ === undefined || mediaType(kind) === mediaType(typ))
    && (unencoded ? b64 === false && Array.isArray(crit) && crit.length === 1 && crit[0] === 'b64' : b64 === undefined && crit === undefined)

  /** The header of the signature that holds. */
  async function held({ signatures }: Token, payload: Uint8Array | string, io: Io): Promise<Header> {
    let tried = 0
    for (const { header, shielded, bytes } of signatures) {
      if (!admits(header)) continue
      const keys = await verifying(io, header['kid'] as string | undefined)
      tried += keys.length
      if (tried > most) return failed()
      const signed = input(shielded, payload)
      if (keys.some((key) => holds(algorithm, key, signed, bytes))) return header
    }
    return failed()
  }

  async function read(signed: string, io: Io): Promise<{ readonly header: Header; readonly plain: Uint8Array }> {
    const token = form.read(signed.length > largest ? failed() : signed)
    const plain = unencoded ? asWritten(token.payload, form) : bytesIn('base64url', token.payload)
    return { header: await held(token, unencoded ? plain : token.payload, io), plain }
  }

  return {
    ...verifier({
      ...what,
      verify: async ({ signed }, io) => (await read(signed, io)).plain,
      async attest(plain, signature, io) {
        const token = form.read(signature.length > longest ? failed() : signature)
        await held(token.payload === '' ? token : failed(), unencoded ? plain : Buffer.from(plain).toString('base64url'), io)
      },
    }),
    ...what,
    algorithm,
    compact: form.form === compact.form && !unencoded,
    read,
    ...write && {
      mediaType: form.mediaType,
      write,
      detach: (plain: Uint8Array, io: Io) => write(plain, io, typ, true),
      ...!unencoded && { sign: async (plain: Uint8Array, io: Io) => ({ signed: await write(plain, io) }) },
    },
  }
}

/** Keys that are tried in all: of 16 signatures that name none, each by 16 keys, a body would take seconds. */
const most = 32
/** Characters of a name of a key. */
const longestKid = 256
/** Characters of a token: as large as a body. */
const largest = 4_194_304
/** Characters of a detached one: 16 signatures, none over 1,024 bytes. */
const longest = 131_072

/** What is signed (RFC 7515 section 5.1 step 5, RFC 7797 section 3). */
const input = (shielded: string, payload: Uint8Array | string): Buffer =>
  typeof payload === 'string' ? Buffer.from(`${shielded}.${payload}`, 'latin1') : Buffer.concat([Buffer.from(`${shielded}.`, 'latin1'), payload])

/** An unencoded payload; the compact form holds printable ASCII without dots (RFC 7797 section 5.2). */
const asWritten = (payload: string, { form }: Form): Buffer => Buffer.from(form !== compact.form || /^[ -\-/-~]*$/.test(payload) ? payload : failed())

/** Media types are the same in any case, and `application/` is left out where nothing else has a slash (RFC 7515 section 4.1.9). */
export const mediaType = (typ: unknown): string | undefined => typeof typ === 'string' ? typ.toLowerCase().replace(/^application\/(?=[^/]*$)/, '') : undefined
