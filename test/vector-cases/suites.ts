import { aesCbcHmac, aesGcm } from './aead.ts'
import { agreement } from './agreement.ts'
import { notOffered, skipped, type Case, type Outcome, type Run } from './case.ts'
import { aesCbcCases } from './cbc.ts'
import { jsonWeb } from './jose.ts'
import { keyWrap } from './key-wrap.ts'
import { hmacSha1Cases, hmacSha256Cases, hmacSha384Cases, hmacSha512Cases } from './mac.ts'
import { pbkdf2Sha256, pbkdf2Sha384, pbkdf2Sha512 } from './password.ts'
import { rsaOaepCases, rsaPkcs1Cases } from './rsa-encryption.ts'
import { ecdsa, eddsa, rsaPkcs1, rsaPss } from './signature.ts'

const why = (reason: string): Run => () => skipped(reason)

/**
 * Which suites are run, and by what: the names of files, algorithms and schemas, in lower case, without `test` at the end and
 * anything but letters and digits.
 */
const suites: readonly (readonly [names: RegExp, run: Run])[] = [
  [/^aesgcm$/, aesGcm],
  [/^a(128cbchs256|192cbchs384|256cbchs512)$/, aesCbcHmac],
  [/^aescbcpkcs[57]$/, aesCbcCases],
  [/^aes(wrap|kw)$/, keyWrap],
  [/^hmacsha1$/, hmacSha1Cases],
  [/^hmacsha256$/, hmacSha256Cases],
  [/^hmacsha384$/, hmacSha384Cases],
  [/^hmacsha512$/, hmacSha512Cases],
  [/^pbkdf2(with)?hmacsha256$/, pbkdf2Sha256],
  [/^pbkdf2(with)?hmacsha384$/, pbkdf2Sha384],
  [/^pbkdf2(with)?hmacsha512$/, pbkdf2Sha512],
  [/^ecdsa/, ecdsa],
  [/^(ed25519|ed448|eddsa)/, eddsa],
  [/^rsa(ssa)?pss/, rsaPss],
  [/^rsa(signature|ssapkcs1|pkcs1\d*sig|siggen)/, rsaPkcs1],
  [/^rsa(es)?(threeprimes)?oaep/, rsaOaepCases],
  [/^rsa(es)?pkcs1/, rsaPkcs1Cases],
  [/^(ecdh|xdh|x25519|x448)/, agreement],
  [/^jsonweb/, jsonWeb],
  [/^(aead|mac|keywrap|pbkdf|indcpa|daead)(test)?schema/, why('the schema does not say which algorithm it is')],
]

/** Runs a case by the first entry that its suite has. */
export function run(given: Case): Outcome | Promise<Outcome> {
  const suite = given.suite.replace(/test$/, '')
  return suites.find(([names]) => names.test(suite))?.[1](given) ?? notOffered
}
