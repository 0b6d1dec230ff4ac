import { randomUUID } from 'node:crypto'
import { Failure, invalid } from '../failure.ts'
import { list, object, optionalChoice, optionalFlag, optionalList, optionalText, optionalWhole, text, type Members } from '../members.ts'
import type { Operation, Operations } from '../operation.ts'
import { keyArn, saveKey, saveMaterial, type Key } from './keys.ts'
import { onKey } from './operation.ts'
import { algorithmsOf } from './pairs.ts'
import { checkedPolicy, rootPolicy } from './policies.ts'
import { specNames, specOf } from './specs.ts'

const usages = ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const

export function tagsOf(input: Members): Readonly<Record<string, string>> {
  const entries = (optionalList(input, 'Tags', { max: 50 }) ?? []).map((raw) => object(raw, 'Tags'))
  return Object.fromEntries(entries.map((tag) => [text(tag, 'TagKey', { max: 128 }), text(tag, 'TagValue', { min: 0, max: 256 })]))
}

/** `KeyMetadata` as the API gives it. */
const metadata = (key: Key, account: string): Record<string, unknown> => ({
  AWSAccountId: account,
  KeyId: key.id,
  Arn: key.arn,
  CreationDate: key.created,
  Enabled: key.state === 'Enabled',
  Description: key.description,
  KeyUsage: key.usage,
  KeyState: key.state,
  ...(key.deletionAt !== undefined && { DeletionDate: key.deletionAt }),
  Origin: 'AWS_KMS',
  KeyManager: 'CUSTOMER',
  KeySpec: key.spec,
  CustomerMasterKeySpec: key.spec,
  MultiRegion: false,
  ...algorithmsOf(key),
})

const createKey: Operation = {
  asks(input) {
    const tags = tagsOf(input)
    const spec = optionalText(input, 'KeySpec') ?? 'SYMMETRIC_DEFAULT'
    const context = { 'kms:KeySpec': spec, 'kms:KeyUsage': optionalText(input, 'KeyUsage') ?? 'ENCRYPT_DECRYPT', 'kms:KeyOrigin': 'AWS_KMS' }
    return [
      { action: 'kms:CreateKey', resource: '*', context },
      ...(Object.keys(tags).length > 0 ? [{ action: 'kms:TagResource', resource: '*', context }] : []),
    ]
  },
  async run(input, world, caller) {
    const spec = optionalChoice(input, 'KeySpec', specNames) ?? optionalChoice(input, 'CustomerMasterKeySpec', specNames) ?? 'SYMMETRIC_DEFAULT'
    const given = optionalChoice(input, 'KeyUsage', usages)
    if (!given && spec !== 'SYMMETRIC_DEFAULT')
      throw invalid('You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.')
    const usage = given ?? 'ENCRYPT_DECRYPT'
    if (!specOf(spec).usages.includes(usage)) throw invalid(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
    for (const member of ['MultiRegion', 'CustomKeyStoreId', 'XksKeyId'])
      if (input[member]) throw new Failure('UnsupportedOperationException', `${member} is not implemented by this stand-in`)
    if ((optionalText(input, 'Origin') ?? 'AWS_KMS') !== 'AWS_KMS')
      throw new Failure('UnsupportedOperationException', 'only Origin AWS_KMS is implemented by this stand-in')
    const id = randomUUID()
    const arn = keyArn(id, world)
    const policy = optionalText(input, 'Policy', { max: 32_768 })
    const bypass = optionalFlag(input, 'BypassPolicyLockoutSafetyCheck') ?? false
    const key: Key = {
      id, arn, spec, usage,
      state: 'Enabled',
      description: optionalText(input, 'Description', { min: 0, max: 8192 }) ?? '',
      created: world.now() / 1000,
      policy: policy === undefined ? rootPolicy(world.account) : checkedPolicy(policy, arn, caller, bypass),
      tags: tagsOf(input),
      backing: 1,
      rotations: [],
    }
    const secret = await specOf(spec).make()
    return world.store.write(() => {
      saveKey(key, world)
      saveMaterial(id, 1, secret, world)
      return { KeyMetadata: metadata(key, world.account) }
    })
  },
}

const describeKey = onKey('DescribeKey', { run: (key, _, world) => ({ KeyMetadata: metadata(key, world.account) }) })

const listKeys: Operation = {
  asks: () => [{ action: 'kms:ListKeys', resource: '*' }],
  run(input, world) {
    const limit = optionalWhole(input, 'Limit', { min: 1, max: 1000 }) ?? 100
    const rows = world.store.statement('SELECT id FROM kms_keys WHERE id > ? ORDER BY id LIMIT ?')
      .all(optionalText(input, 'Marker') ?? '', limit + 1)
    const ids = rows.slice(0, limit).map((row) => String(row['id']))
    return {
      Keys: ids.map((id) => ({ KeyId: id, KeyArn: keyArn(id, world) })),
      Truncated: rows.length > limit,
      ...(rows.length > limit && { NextMarker: ids.at(-1) }),
    }
  },
}

/** An operation that stores a changed key. */
const changing = (name: string, change: (key: Key, input: Members, now: number) => Key, shows: (key: Key) => Record<string, unknown> | undefined = () => undefined): Operation =>
  onKey(name, {
    aliases: false,
    run: (key, input, world) => world.store.write(() => {
      const next = change(key, input, world.now() / 1000)
      saveKey(next, world)
      return shows(next)
    }),
  })

function refusePending(key: Key): void {
  if (key.state === 'PendingDeletion') throw new Failure('KMSInvalidStateException', `${key.arn} is pending deletion.`)
}

const daySeconds = 86_400

function scheduled(key: Key, input: Members, now: number): Key {
  refusePending(key)
  const days = optionalWhole(input, 'PendingWindowInDays', { min: 7, max: 30 }) ?? 30
  return { ...key, state: 'PendingDeletion', deletionAt: now + days * daySeconds }
}

function kept(key: Key): Key {
  if (key.state !== 'PendingDeletion') throw new Failure('KMSInvalidStateException', `${key.arn} is not pending deletion.`)
  const { deletionAt: _, ...rest } = key
  return { ...rest, state: 'Disabled' }
}

const turned = (state: 'Enabled' | 'Disabled') => (key: Key): Key => {
  refusePending(key)
  return { ...key, state }
}

/** The operations on a key's life. */
export const lifecycleOperations: Operations = {
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listKeys,
  EnableKey: changing('EnableKey', turned('Enabled')),
  DisableKey: changing('DisableKey', turned('Disabled')),
  ScheduleKeyDeletion: changing('ScheduleKeyDeletion', scheduled,
    (key) => ({ KeyId: key.arn, DeletionDate: key.deletionAt, KeyState: key.state })),
  CancelKeyDeletion: changing('CancelKeyDeletion', kept, (key) => ({ KeyId: key.arn })),
  UpdateKeyDescription: changing('UpdateKeyDescription',
    (key, input) => ({ ...key, description: text(input, 'Description', { min: 0, max: 8192 }) })),
  TagResource: changing('TagResource', (key, input) => ({ ...key, tags: { ...key.tags, ...tagsOf(input) } })),
  UntagResource: changing('UntagResource', (key, input) => {
    const gone = list(input, 'TagKeys', { max: 50 })
    return { ...key, tags: Object.fromEntries(Object.entries(key.tags).filter(([name]) => !gone.includes(name))) }
  }),
  ListResourceTags: onKey('ListResourceTags', {
    aliases: false,
    run: (key) => ({ Tags: Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })), Truncated: false }),
  }),
}
