import { config, enums, type Config, type PartialConfig } from 'openpgp'

const { aes128, aes192, aes256 } = enums.symmetric
const { md5, ripemd, sha1 } = enums.hash
const broken = new Set([md5, ripemd, sha1])

/**
 * What we take of OpenPGP (RFC 9580): AES alone, RSA of 2048 bits or more, no DSA and no ElGamal, no signature over MD5, SHA-1
 * or RIPEMD-160, be it of a message or of a key by itself. Nothing is compressed, and openpgp itself unpacks nothing.
 */
export const policy: PartialConfig = {
  preferredSymmetricAlgorithm: aes256,
  preferredCompressionAlgorithm: enums.compression.uncompressed,
  allowUnauthenticatedMessages: false,
  allowUnauthenticatedStream: false,
  minRSABits: 2048,
  rejectHashAlgorithms: broken,
  rejectMessageHashAlgorithms: broken,
  // RFC 9580 section 13.5: whether the padding of RSA was right must not show.
  constantTimePKCS1Decryption: true,
  constantTimePKCS1DecryptionSupportedSymmetricAlgorithms: new Set([aes128, aes192, aes256]),
  maxDecompressedMessageSize: 0,
  // 256 MiB for a key that is locked by Argon2.
  maxArgon2MemoryExponent: 18,
}

/** The same with all the rest, as the methods of a key want it. */
export const policies: Config = { ...config, ...policy }

/** Opening with a key of ours: that it was certified by itself long ago, over SHA-1, endangers nothing. */
export const opening: PartialConfig = { ...policy, rejectHashAlgorithms: new Set([md5, ripemd]) }
