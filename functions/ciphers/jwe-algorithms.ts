/** What `jwe` can be given beside its defaults, each by itself: a pipeline bundles and admits what it names. */
export type { ContentEncryption, KeyManagement } from './jwe/algorithm.ts'
export { a128CbcHs256, a192CbcHs384, a256CbcHs512 } from './jwe/aes-cbc-hmac.ts'
export { a128Gcm, a192Gcm, a256Gcm } from './jwe/aes-gcm.ts'
export { a128GcmKw, a192GcmKw, a256GcmKw } from './jwe/aes-gcm-kw.ts'
export { a128Kw, a192Kw, a256Kw } from './jwe/aes-kw.ts'
export { direct } from './jwe/direct.ts'
export { ecdhEs, ecdhEsA128Kw, ecdhEsA192Kw, ecdhEsA256Kw } from './jwe/ecdh-es.ts'
export { rsaOaep, rsaOaep256, rsaOaep384, rsaOaep512 } from './jwe/rsa-oaep.ts'
