import type { KeyObject } from 'node:crypto'
import { accountNeed, Fault, generations, hsmSigningKey, keysTable, signingKeyNeeds, type Account, type Io, type Need, type SigningKey } from 'sallyport'
import type { SignatureKey } from '../../accounts/key/signature-key.ts'
import type { ImportedSigningKey } from '../../accounts/imported-signing-key.ts'
import { keysOf as sharedKeys, type KeyBits, type SecretKey } from '../../accounts/secret-key.ts'
import type { VerificationKey } from '../../accounts/verification-key.ts'
import { algorithms, signed, type Algorithm, type PairAlgorithm, type SharedAlgorithm } from './algorithm.ts'

/** A signing key of ours: its constant says by which algorithm. */
export interface Own { readonly key: SigningKey }
/** A private key of ours that was made elsewhere, for one algorithm. */
export interface Imported {
  readonly key: Account<ImportedSigningKey>
  readonly algorithm: PairAlgorithm
}
/** A key that we share with those who verify: they can sign as well. At least as long as the hash (RFC 7518 section 3.2). */
export interface Shared {
  readonly key: Account<SecretKey<256 | 384 | 512>>
  readonly algorithm: SharedAlgorithm
  /** By what name the other side knows the key: it is written, and what names a key names this one. */
  readonly kid?: string
}
/** Somebody else's public keys, for one algorithm. */
export interface Theirs {
  readonly from: Account<VerificationKey>
  readonly algorithm: PairAlgorithm
}
/** A signing key of ours, of which the one who verifies gets the public halves alone. */
export interface Ours { readonly from: SigningKey }

/** Who signs now. */
export interface Half {
  readonly kid?: string | undefined
  /** Of ECDSA: R and S side by side. */
  readonly sign: (plain: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** A key and the one algorithm that it is bound to, wherever it is. */
export interface Keys {
  readonly algorithm: Algorithm
  readonly needs: readonly Need[]
  /** Throws UNAVAILABLE, ACCOUNT_UNAVAILABLE. */
  readonly half?: (io: Io) => Promise<Half>
  /** Those that may have signed what names this key, or none. Throws UNAVAILABLE, ACCOUNT_UNAVAILABLE. */
  readonly verifying: (io: Io, kid: string | undefined) => Promise<readonly KeyObject[]>
}

/** The options as they are read: which of them go together is a matter of the types above. */
interface Options {
  readonly key?: SigningKey | Imported['key'] | Shared['key']
  readonly from?: SigningKey | Theirs['from']
  readonly algorithm?: Algorithm
  readonly kid?: string
}

/** Throws a TypeError for options that do not go together; `what` is the function that they were given to. */
export function keysOf(what: string, use: Own | Imported | Shared | Theirs | Ours): Keys {
  const { key, from, algorithm, kid } = use as Options
  const held = key ?? from
  if (held?.kind === 'signing-key') {
    if (algorithm !== undefined) throw new TypeError(`${what}, algorithm: leave it out; the signing key ${held.name} says ${held.algorithm}`)
    return key === undefined ? published(held) : own(held)
  }
  const { signIn } = (held as Account<{ readonly signIn: string }> | undefined)?.how ?? {}
  const kind = signIn === 'secret-key' && from === undefined ? 'secret' : signIn === 'imported-signing-key' && from === undefined || signIn === 'verification-key' && key === undefined ? 'pair' : undefined
  if (kind === undefined) throw new TypeError(`${what}: write key: a signingKey, or an account of importedSigningKey() or secretKey(), or from: an account of verificationKey()`)
  const fitting = (Object.keys(algorithms) as Algorithm[]).filter((name) => (algorithms[name].keys === 'secret') === (kind === 'secret'))
  if (algorithm === undefined || !fitting.includes(algorithm)) throw new TypeError(`${what}, algorithm: write ${fitting.join(', ').replace(/, ([^,]*)$/, ' or $1')}`)
  if (kind === 'secret') return shared(what, held as Account<SecretKey<KeyBits>>, algorithm, kid)
  return key === undefined ? theirs(held as Theirs['from'], algorithm) : imported(held as Imported['key'], algorithm)
}

const own = (key: SigningKey): Keys => ({
  ...published(key),
  needs: signingKeyNeeds(key),
  half: (io) => io.signing(key),
})

/** Without what signs: of a wrapped key its rows alone are read, and nobody unwraps; of one in KMS the public halves. */
const published = (key: SigningKey): Keys => ({
  algorithm: key.algorithm,
  needs: key.custody === 'wrapped'
    ? signingKeyNeeds(key).map(({ resource, actions }) => ({ resource, actions: resource === keysTable ? actions : [] }))
    : generations(key.generation + Number(key.announced)).map((each) => ({ resource: hsmSigningKey(key.name, key.algorithm, each), actions: ['kms:GetPublicKey'] })),
  async verifying(io, kid) {
    const half = kid === undefined ? undefined : await io.verifying(key, kid)
    return half === undefined ? [] : [half]
  },
})

/** Whether a key is for the algorithm: by its type, and by what its JWK says. */
const fits = ({ type, alg }: SignatureKey, algorithm: Algorithm): boolean => algorithms[algorithm].keys === type && (alg ?? algorithm) === algorithm

/** What cannot be, whatever anybody sends: the account holds another key than the definition says. */
const unfit = (): never => { throw new Fault('ACCOUNT_UNAVAILABLE') }

const meant = (kid: string | undefined, mine: string | undefined): boolean => (kid ?? mine) === (mine ?? kid)

function imported(account: Imported['key'], algorithm: Algorithm): Keys {
  const load = async (io: Io) => {
    const pair = await io.material(account)
    return fits(pair, algorithm) ? pair : unfit()
  }
  return {
    algorithm,
    needs: [accountNeed(account)],
    async half(io) {
      const { kid, key } = await load(io)
      return { kid, sign: (plain) => signed(algorithm, key, plain) }
    },
    async verifying(io, kid) {
      const pair = await load(io)
      // What it signed before it was changed still holds.
      return [pair, ...pair.others ?? []].filter((each) => fits(each, algorithm) && meant(kid, each.kid)).map(({ publicKey }) => publicKey)
    },
  }
}

function shared(what: string, account: Account<SecretKey<KeyBits>>, algorithm: Algorithm, kid: string | undefined): Keys {
  const least = (algorithms[algorithm].bytes ?? 0) * 8
  if (account.how.bits < least) throw new TypeError(`${what}, key: ${algorithm} takes secretKey({ bits: ${least} })${least < 512 ? ' or a longer one' : ''}`)
  return {
    algorithm,
    needs: [accountNeed(account)],
    async half(io) {
      const key = await io.material(account)
      return { kid, sign: (plain) => signed(algorithm, key, plain) }
    },
    verifying: async (io, named) => meant(named, kid) ? sharedKeys(await io.material(account)) : [],
  }
}

const theirs = (account: Theirs['from'], algorithm: Algorithm): Keys => ({
  algorithm,
  needs: [accountNeed(account)],
  async verifying(io, kid) {
    const keys = (await io.material(account)).filter((key) => fits(key, algorithm))
    return keys.length === 0 ? unfit() : keys.filter((key) => meant(kid, key.kid)).map(({ key }) => key)
  },
})
