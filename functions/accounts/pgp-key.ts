import type { Material } from 'sallyport'

/** OpenPGP keys in ASCII armor, one block (RFC 9580 section 6.2), and what unlocks private ones. */
export interface ArmoredKeys {
  readonly armored: string
  readonly passphrase?: string | undefined
}

/**
 * Somebody's OpenPGP public key. The secret: `{"pgpPublicKey": armored text}`. Of several keys in the block the first is
 * sealed to, and a signature by any of them counts: so a partner's key is rotated.
 */
export type PgpPublicKey = Material<'pgp-public-key', ArmoredKeys>

/**
 * An OpenPGP private key of ours. The secret: `{"pgpPrivateKey": armored text, "passphrase": if it is locked}`. Of several
 * keys in the block the first signs, and all of them open: so a key of ours is rotated.
 */
export type PgpPrivateKey = Material<'pgp-private-key', ArmoredKeys>

/** Somebody's OpenPGP public key: to seal to, and to verify by. */
export const pgpPublicKey = (): PgpPublicKey => ({ signIn: 'pgp-public-key', read: readPublic })
/** An OpenPGP private key of ours: to open with, and to sign by. */
export const pgpPrivateKey = (): PgpPrivateKey => ({ signIn: 'pgp-private-key', read: readPrivate })

/** One block of armor and nothing around it. What is in it is read when it is first used. */
function isBlock(text: unknown, type: string): text is string {
  if (typeof text !== 'string') return false
  const trimmed = text.trim()
  return trimmed.startsWith(`-----BEGIN PGP ${type} KEY BLOCK-----`) && trimmed.endsWith(`-----END PGP ${type} KEY BLOCK-----`) && trimmed.split('-----BEGIN').length === 2
}

function readPublic(secret: string): ArmoredKeys {
  const { pgpPublicKey: armored } = JSON.parse(secret) as { pgpPublicKey?: unknown }
  if (!isBlock(armored, 'PUBLIC')) throw new TypeError('pgp-public-key account: {"pgpPublicKey": one PGP PUBLIC KEY BLOCK in ASCII armor}')
  return { armored }
}

function readPrivate(secret: string): ArmoredKeys {
  const { pgpPrivateKey: armored, passphrase } = JSON.parse(secret) as { pgpPrivateKey?: unknown; passphrase?: unknown }
  if (!isBlock(armored, 'PRIVATE') || (passphrase !== undefined && typeof passphrase !== 'string')) {
    throw new TypeError('pgp-private-key account: {"pgpPrivateKey": one PGP PRIVATE KEY BLOCK in ASCII armor, "passphrase": text, if it is locked}')
  }
  return { armored, passphrase }
}
