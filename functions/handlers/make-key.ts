import { createPublicKey } from 'node:crypto'
import { address, aws, keysTable, wrapContext, type Environment } from 'sallyport'

/** A key pair in custody `wrapped`, and the address of the KMS key that wraps it. */
export interface Pair { readonly name: string; readonly key: string }

const specs = { rsa: 'RSA_3072', ec: 'ECC_NIST_P256' } as const

/** Makes one half's first version in the keys table, if the pair has none of its type. Gives its kid if it was made here. */
export async function ensureHalf({ name, key }: Pair, type: 'rsa' | 'ec', environment?: Environment): Promise<string | undefined> {
  const table = await aws.dynamodb(environment)
  const TableName = address(keysTable, environment)
  const { Items = [] } = await table.query({ TableName, KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } } })
  if (Items.some((item) => item['type']?.S === type)) return undefined
  const version = 1
  const kid = `${name}-${type}-${version}`
  const { PrivateKeyCiphertextBlob, PublicKey } = await (await aws.kms(environment)).generatePair({ KeyId: key, KeyPairSpec: specs[type], EncryptionContext: wrapContext(name, kid) })
  const jwk = createPublicKey({ key: Buffer.from(PublicKey as Uint8Array), format: 'der', type: 'spki' }).export({ format: 'jwk' })
  try {
    await table.put({
      TableName,
      Item: {
        pair: { S: name }, kid: { S: kid }, type: { S: type }, version: { N: String(version) }, spec: { S: specs[type] },
        publicKey: { S: JSON.stringify({ ...jwk, kid, use: 'enc', alg: type === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW' }) },
        wrapped: { B: PrivateKeyCiphertextBlob as Uint8Array }, created: { S: new Date().toISOString() },
      },
      ConditionExpression: 'attribute_not_exists(kid)',
    })
    return kid
  } catch (error) {
    // Another deploy was faster: its pair stands.
    if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
    return undefined
  }
}
