import { createHmac, timingSafeEqual } from 'node:crypto'
import { Failure } from '../failure.ts'
import { blob, choice, type Members } from '../members.ts'
import type { Operations, World } from '../operation.ts'
import { refuseUnusable, refuseUse, secretOf, type Key } from './keys.ts'
import { onKey } from './operation.ts'

function macOf(key: Key, input: Members, operation: string, world: World) {
  const message = blob(input, 'Message', { max: 4096 })
  const algorithm = choice(input, 'MacAlgorithm', ['HMAC_SHA_256', 'HMAC_SHA_384', 'HMAC_SHA_512'])
  refuseUnusable(key)
  refuseUse(key, 'GENERATE_VERIFY_MAC', operation, algorithm)
  const secret = secretOf(key, world)
  if (!secret) throw new Failure('KMSInternalException', 'The key has no material', {}, 500)
  return { algorithm, mac: createHmac(`sha${algorithm.slice(-3)}`, secret).update(message).digest() }
}

const generateMac = onKey('GenerateMac', {
  run(key, input, world) {
    const { algorithm, mac } = macOf(key, input, 'GenerateMac', world)
    return { KeyId: key.arn, Mac: mac.toString('base64'), MacAlgorithm: algorithm }
  },
})

const verifyMac = onKey('VerifyMac', {
  run(key, input, world) {
    const given = blob(input, 'Mac')
    const { algorithm, mac } = macOf(key, input, 'VerifyMac', world)
    // A wrong MAC is an exception in KMS, never `MacValid: false`.
    if (given.length !== mac.length || !timingSafeEqual(given, mac)) throw new Failure('KMSInvalidMacException', '')
    return { KeyId: key.arn, MacValid: true, MacAlgorithm: algorithm }
  },
})

export const macOperations: Operations = { GenerateMac: generateMac, VerifyMac: verifyMac }
