import { createPublicKey } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import middy from '@middy/core'
import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { address, aws, emit, keysTable, own, wrapContext } from 'sallyport'

own()

interface Pair { readonly name: string; readonly key: string }
const specs = { rsa: 'RSA_3072', ec: 'ECC_NIST_P256' } as const

/**
 * Makes the wrapped key pairs at deploy: KMS generates them and gives the private half wrapped alone, so this function
 * never holds one, and may not unwrap it. A pair that is there is left alone: an update of the stack replaces nothing.
 */
async function keys(event: CloudFormationCustomResourceEvent): Promise<void> {
  const id = 'PhysicalResourceId' in event ? event.PhysicalResourceId : 'sallyport-keys'
  try {
    // A deleted stack keeps what it made: the table decides whether keys outlive it.
    if (event.RequestType !== 'Delete') {
      for (const pair of event.ResourceProperties['pairs'] as readonly Pair[]) await patiently(() => ensure(pair))
    }
    await answer(event, { Status: 'SUCCESS', PhysicalResourceId: id })
  } catch (error) {
    const reason = error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'Error'
    emit({ time: new Date().toISOString(), level: 'error', event: 'keys', error: reason })
    await answer(event, { Status: 'FAILED', PhysicalResourceId: id, Reason: `The key pairs could not be made: ${reason}. See the log of the function keys.` })
  }
}

/** The role of this function is seconds old at the first deploy, and IAM takes a while to be known everywhere. */
async function patiently(work: () => Promise<void>): Promise<void> {
  const until = Date.now() + 20_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if ((error as Error).name !== 'AccessDeniedException' || Date.now() > until) throw error
      await setTimeout(2_000)
    }
  }
}

async function ensure({ name, key }: Pair): Promise<void> {
  const ledger = await aws.dynamodb()
  const TableName = address(keysTable)
  const { Items = [] } = await ledger.query({ TableName, KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } } })
  for (const type of ['rsa', 'ec'] as const) {
    if (Items.some((item) => item['type']?.S === type)) continue
    const version = 1
    const kid = `${name}-${type}-${version}`
    const { PrivateKeyCiphertextBlob, PublicKey } = await (await aws.kms()).generatePair({ KeyId: key, KeyPairSpec: specs[type], EncryptionContext: wrapContext(name, kid) })
    const jwk = createPublicKey({ key: Buffer.from(PublicKey as Uint8Array), format: 'der', type: 'spki' }).export({ format: 'jwk' })
    try {
      await ledger.put({
        TableName,
        Item: {
          pair: { S: name }, kid: { S: kid }, type: { S: type }, version: { N: String(version) }, spec: { S: specs[type] },
          publicKey: { S: JSON.stringify({ ...jwk, kid, use: 'enc', alg: type === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW' }) },
          wrapped: { B: PrivateKeyCiphertextBlob as Uint8Array }, created: { S: new Date().toISOString() },
        },
        ConditionExpression: 'attribute_not_exists(kid)',
      })
      emit({ time: new Date().toISOString(), level: 'info', event: 'keys', kid })
    } catch (error) {
      // Another deploy was faster: its pair stands.
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error
    }
  }
}

/** CloudFormation waits for this at the address it sent, which it signed. */
async function answer({ ResponseURL, StackId, RequestId, LogicalResourceId }: CloudFormationCustomResourceEvent, outcome: { Status: string; PhysicalResourceId: string; Reason?: string }): Promise<void> {
  const response = await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body: JSON.stringify({ ...outcome, StackId, RequestId, LogicalResourceId }) })
  if (!response.ok) throw new TypeError('CloudFormation did not take the answer')
}

export const handler = middy<CloudFormationCustomResourceEvent, void>(keys, { timeoutEarlyInMillis: 0 })
