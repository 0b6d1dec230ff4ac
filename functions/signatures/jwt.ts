import { randomBytes } from 'node:crypto'
import { Fault, type Io, type Json, type Need, type Signed } from 'sallyport'
import { alike, isOurTrouble } from '../ciphers/parts/alike.ts'
import { mediaType, type JwsSigner, type JwsVerifier } from './jws.ts'

/** What every token says, and what it may (RFC 7519 section 4.1). Times are seconds since 1970. There may be more: a schema names it. */
export type Claims = {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat?: number
  readonly nbf?: number
  readonly sub?: string
  readonly jti?: string
}

/** A way to make tokens. */
export interface TokenIssuer {
  /** What may be shown of its options. */
  readonly config: object
  readonly needs: readonly Need[]
  /** A token with these claims beside its own. Throws UNAVAILABLE, ACCOUNT_UNAVAILABLE. */
  readonly issue: (claims: Readonly<Record<string, Json | undefined>>, io: Io) => Promise<Signed>
}

/** A way to tell whether a token is taken. */
export interface TokenVerifier {
  readonly config: object
  readonly needs: readonly Need[]
  readonly issuer: string
  /** Seconds in which one token can be taken, the first time to the last. */
  readonly span: number
  /** Throws TOKEN_INVALID for every cause that a sender can bring about; UNAVAILABLE, ACCOUNT_UNAVAILABLE, OUT_OF_TIME. `once`: it has to have a `jti`. */
  readonly check: (token: Signed, io: Io, once: boolean) => Promise<Claims>
}

interface Agreed {
  /** Who makes the tokens: `iss`, to the character. */
  readonly issuer: string
  /** For whom they are: `aud`, or one of several. */
  readonly audience: string
  /**
   * What kind of token it is (RFC 8725 section 3.11): 'at+jwt'. It is written, and no other kind is taken.
   * @default 'JWT', which a token may leave out unless it is by a private key of ours: those always say it, and what else they sign does not
   */
  readonly typ?: string
  /**
   * Seconds by which the clocks may differ, 0 to 300.
   * @default 60
   */
  readonly skew?: number
}

/** Makes tokens, and takes them. */
export interface JwtIssuing extends Agreed {
  /** `jws({ key })`. */
  readonly by: JwsSigner & JwsVerifier
  /** Seconds for which a token holds, 1 to 86,400: a day. */
  readonly lifetime: number
}

/** Takes tokens. */
export interface JwtVerifying extends Agreed {
  /** `jws({ from, algorithm })`; while the other side changes its algorithm, both: 4 at most, no two of one algorithm. */
  readonly by: JwsVerifier | readonly JwsVerifier[]
  /** Seconds that a token may hold, 1 to 31,622,400: a year. One that was made for longer is not taken, at any time. */
  readonly maxLifetime: number
}

const day = 86_400
const year = 366 * day
/** Characters of a token: what headers of HTTP hold. */
const longest = 8_192

/**
 * JWT (RFC 7519) by JWS in compact form, as RFC 8725 wants them. A token is taken only by an algorithm and a key that are
 * named, from the issuer, for the audience, of the kind, at its time, and if it was made for no longer than `maxLifetime`:
 * without an `iat` it is as if made as late as the clocks allow. Its claims are JSON without a name twice. What is made has
 * `iss`, `aud`, `iat`, `nbf`, `exp` and a random `jti` of 128 bits. Everybody who sees a token can read it.
 *
 * Throws a TypeError for options that do not go together.
 */
export function jwt(use: JwtIssuing): TokenIssuer & TokenVerifier
export function jwt(use: JwtVerifying): TokenVerifier
export function jwt(use: JwtIssuing | JwtVerifying): TokenVerifier | TokenIssuer & TokenVerifier {
  const { by, issuer, audience, typ = 'JWT', skew = 60 } = use
  const issues = 'lifetime' in use
  const longestLife = issues ? use.lifetime : use.maxLifetime
  const verifiers = [by].flat() as readonly JwsVerifier[]
  for (const [option, text] of Object.entries({ issuer, audience })) if (typeof text !== 'string' || text === '' || text.length > 1_024) throw new TypeError(`jwt, ${option}: write a text, as https://tokens.example`)
  whole('skew', skew, 0, 300)
  whole(issues ? 'lifetime' : 'maxLifetime', longestLife, 1, issues ? day : year)
  if (verifiers.length < 1 || verifiers.length > 4 || new Set(verifiers.map(({ algorithm }) => algorithm)).size !== verifiers.length) throw new TypeError('jwt, by: write jws({ … }), or a list of 4 at most, no two of one algorithm')
  if (!verifiers.every(({ compact }) => compact)) throw new TypeError('jwt, by: write jws({ … }) without form and unencoded; a token is compact')
  if (issues && !('write' in use.by)) throw new TypeError('jwt, by: write jws({ key }), which signs, or maxLifetime for what verifies alone')
  if (mediaType(typ) === undefined) throw new TypeError('jwt, typ: write a media type, without application/, as JWT or at+jwt')

  const admits = ({ alg, typ: kind = use.typ === undefined && !isOurs(verifiers.find(({ algorithm }) => algorithm === alg)) ? typ : undefined }: Readonly<Record<string, unknown>>): boolean => mediaType(kind) === mediaType(typ)

  async function checked({ signed }: Signed, io: Io, once: boolean): Promise<Claims> {
    if (signed.length > longest) refuse()
    const { header, plain } = await verified(verifiers, signed, io)
    if (!admits(header)) refuse()
    // From here on what stands under a sensitive name is masked.
    const claims = io.json(plain)
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return refuse()
    const { iss, aud, exp, iat, nbf, sub = '', jti = once ? undefined : '' } = claims as unknown as Claims
    const now = io.now() / 1_000
    const latest = now + skew
    const fits = iss === issuer && (Array.isArray(aud) ? aud.includes(audience) && aud.every((each) => typeof each === 'string') : aud === audience)
      && isTime(exp) && exp + skew > now && [iat, nbf].every((time) => time === undefined || isTime(time) && time <= latest)
      && exp - (iat ?? latest) <= longestLife
      && typeof sub === 'string' && typeof jti === 'string' && jti.length <= 1_024 && !(once && jti === '')
    return fits ? claims as unknown as Claims : refuse()
  }

  return {
    config: { ...use, by: verifiers.map(({ config }) => config), typ, skew },
    needs: verifiers.flatMap(({ needs }) => needs),
    issuer,
    // From as early as its `iat` allows to as late as its `exp` does.
    span: longestLife + 2 * skew,
    check: (token, io, once) => alike('TOKEN_INVALID', () => checked(token, io, once)),
    ...issues && {
      async issue(claims: Readonly<Record<string, Json | undefined>>, io: Io): Promise<Signed> {
        const iat = Math.floor(io.now() / 1_000)
        const token = { ...claims, iss: issuer, aud: audience, iat, nbf: iat, exp: iat + longestLife, jti: randomBytes(16).toString('base64url') }
        return { signed: await use.by.write(Buffer.from(JSON.stringify(token)), io, typ) }
      },
    },
  }
}

function whole(option: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) throw new TypeError(`jwt, ${option}: write a whole number of seconds, ${least} to ${most}`)
}

/** Whether nobody else signs by the key: what a pipeline signs of a payload could be claims to the letter, and must be no token (RFC 8725 section 2.8). */
function isOurs(verifier: JwsVerifier | undefined): boolean {
  const { key, from = key } = (verifier?.config ?? {}) as { readonly key?: Held; readonly from?: Held }
  return from?.kind === 'signing-key' || from?.how?.signIn === 'imported-signing-key'
}
interface Held { readonly kind: string; readonly how?: { readonly signIn: string } }

const refuse = (): never => { throw new Fault('TOKEN_INVALID') }

/** A NumericDate (RFC 7519 section 2): a fraction is allowed, a time before 1970 or past the year 9999 is none. */
const isTime = (time: unknown): time is number => typeof time === 'number' && time >= 0 && time < 253_402_300_800

/** By the one that is for the algorithm of the token: the others refuse it before they load a key. */
async function verified(verifiers: readonly JwsVerifier[], signed: string, io: Io): ReturnType<JwsVerifier['read']> {
  for (const { read } of verifiers) {
    try {
      return await read(signed, io)
    } catch (error) {
      if (isOurTrouble(error)) throw error
    }
  }
  return refuse()
}
