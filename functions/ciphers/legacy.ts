/**
 * Ciphers that are old or risky, and none of which is needed between pipelines of ours: what a partner still has. Each wants a
 * sentence that says why, which stands in the manifest beside `legacy: true`, and each is bundled only where it is named.
 */
export { aesCbc, aesCfb, aesCtr, aesEcb, aesOfb } from './legacy/aes-modes.ts'
export { aesGcmBare } from './legacy/aes-gcm-bare.ts'
export { pbeWithMd5AndDes } from './legacy/pbe-with-md5-and-des.ts'
export { rsaOaepSha1 } from './legacy/rsa-oaep-sha1.ts'
export { rsaPkcs1v15 } from './legacy/rsa-pkcs1v15.ts'
/** Hashes that are old or risky. */
export * from '../hashes/legacy.ts'
