import { Failure } from '../failure.ts'
import type { Context, Doc } from '../iam.ts'
import { isMembers, optionalFlag, optionalTextMap, optionalText, text, type Members } from '../members.ts'
import type { Ask, Caller, Operation, Reply, World } from '../operation.ts'
import { aliasesOf, theKey, type Key } from './keys.ts'

const documents = new Map<string, Doc>()

/** A key policy's text as a document; one object per text, so that it is read once. */
export function policyDocument(policy: string): Doc {
  const held = documents.get(policy)
  if (held) return held
  const parsed: unknown = JSON.parse(policy)
  if (!isMembers(parsed)) throw new Error('a policy must be a JSON object')
  if (documents.size > 1000) documents.clear()
  documents.set(policy, parsed)
  return parsed
}

export const encryptionContext = (input: Members, name = 'EncryptionContext'): Readonly<Record<string, string>> =>
  optionalTextMap(input, name) ?? {}

/** The condition keys of an encryption context. */
export const contextKeys = (pairs: Readonly<Record<string, string>>): Context => ({
  ...Object.fromEntries(Object.entries(pairs).map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
  ...(Object.keys(pairs).length > 0 && { 'kms:EncryptionContextKeys': Object.keys(pairs) }),
})

// Request members that policies may ask about, by condition key.
const askable: Readonly<Record<string, string>> = {
  'kms:EncryptionAlgorithm': 'EncryptionAlgorithm',
  'kms:SigningAlgorithm': 'SigningAlgorithm',
  'kms:MessageType': 'MessageType',
  'kms:MacAlgorithm': 'MacAlgorithm',
  'kms:KeyAgreementAlgorithm': 'KeyAgreementAlgorithm',
  'kms:DataKeyPairSpec': 'KeyPairSpec',
}

/** What IAM and the key policy must allow for one action on one key. */
export function askForKey(action: string, key: Key, input: Members, world: World, extra: Context = {}): Ask {
  const given = Object.entries(askable).flatMap(([name, member]) => {
    const value = input[member]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  const alias = optionalText(input, 'KeyId')?.split(':').at(-1)
  return {
    action: `kms:${action}`,
    resource: key.arn,
    policy: policyDocument(key.policy),
    mustDelegate: true,
    context: {
      'kms:KeySpec': key.spec,
      'kms:KeyUsage': key.usage,
      'kms:KeyOrigin': 'AWS_KMS',
      'kms:MultiRegion': 'false',
      ...Object.fromEntries(Object.entries(key.tags).map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
      ...(alias?.startsWith('alias/') && { 'kms:RequestAlias': alias }),
      'kms:ResourceAliases': aliasesOf(key, world),
      // Symmetric is what KMS assumes where the request says nothing.
      ...(key.spec === 'SYMMETRIC_DEFAULT' && { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' }),
      ...contextKeys(encryptionContext(input)),
      ...Object.fromEntries(given),
      ...extra,
    },
  }
}

type OnKey = {
  /** Whether an alias may stand for the key. */
  readonly aliases?: boolean
  readonly context?: (input: Members) => Context
  readonly run: (key: Key, input: Members, world: World, caller: Caller) => Reply | Promise<Reply>
}

/** Refuses a dry run (which AWS ends with an exception) and the enclave form of an operation. */
export const refuseModes = (input: Members): void => {
  if (input['Recipient'] !== undefined)
    throw new Failure('UnsupportedOperationException', 'Recipient is not implemented by this stand-in')
  if (optionalFlag(input, 'DryRun'))
    throw new Failure('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.', {}, 412)
}

/** An operation on the key that `KeyId` names. */
export const onKey = (name: string, { aliases = true, context, run }: OnKey): Operation => {
  const keyFor = (input: Members, world: World): Key => theKey(text(input, 'KeyId'), world, { aliases })
  return {
    asks: (input, world) => [askForKey(name, keyFor(input, world), input, world, context?.(input))],
    run(input, world, caller) {
      refuseModes(input)
      return run(keyFor(input, world), input, world, caller)
    },
  }
}
