import { Failure } from '../failure.ts'
import { findKey, theKey, type Key } from '../kms/keys.ts'
import { askForKey, contextKeys } from '../kms/operation.ts'
import type { Ask, World } from '../operation.ts'
import { queueArn, type Queue } from './queue.ts'

function keyOf(given: string, world: World): Key {
  let found: Key | undefined
  try {
    found = findKey(theKey(given, world).id, world)
  } catch {
    // Told below, in the words of SQS.
  }
  if (!found) throw new Failure('KmsNotFound', 'The request was rejected because the specified entity or resource could not be found.')
  if (found.state === 'Disabled') throw new Failure('KmsDisabled', 'The request was denied because the KMS key is disabled.')
  if (found.state !== 'Enabled') throw new Failure('KmsInvalidState', 'The request was rejected because the state of the KMS key is not valid for this request.')
  return found
}

/**
 * Refuses whoever may not use the customer's key of a queue: senders need GenerateDataKey and Decrypt, receivers Decrypt
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html). The key that AWS keeps
 * for SQS asks nobody.
 */
export function refuseKey(queue: Queue, actions: readonly string[], may: (ask: Ask) => boolean, world: World): void {
  const given = queue.attributes['KmsMasterKeyId']
  if (given === undefined || /(?:^|:)alias\/aws\/sqs$/.test(given)) return
  const key = keyOf(given, world)
  const context = { ...contextKeys({ 'aws:sqs:arn': queueArn(queue.name, world) }), 'kms:ViaService': `sqs.${world.region}.amazonaws.com` }
  for (const action of actions) {
    if (!may(askForKey(action, key, {}, world, context)))
      throw new Failure('KmsAccessDenied', `The caller does not have the required KMS access: kms:${action}`)
  }
}
