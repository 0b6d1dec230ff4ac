import { ledgerKeyOf } from './digest.ts'
import type { Identifier } from './identifier.ts'
import { hashKeyNeeds } from './keys.ts'
import { named, type Key, type Need, type Resource } from './resource.ts'

/** Where records lie, sealed, by an identifier of which only a keyed digest is kept. */
export interface Store extends Resource<'store'> {
  readonly on: 'dynamodb' | 's3'
  /** Lifetime of a record, from when it was stored: after it nothing loads it. Its deletion follows, within days. */
  readonly days: number
}

interface Options {
  /** 1 to 3660, whole. */
  readonly days: number
}

/** A DynamoDB table of the realm: records of up to 400 KB. Throws a TypeError for a name or days that cannot be. */
export const table = (name: string, options: Options): Store => store('dynamodb', name, options)

/** An S3 bucket of the realm: records of any size that a pipeline can hold. Throws a TypeError for a name or days that cannot be. */
export const bucket = (name: string, options: Options): Store => store('s3', name, options)

function store(on: Store['on'], name: string, { days }: Options): Store {
  named('store', name)
  if (!isLifetime(days)) throw new TypeError(`store ${name}: days is a whole number, 1 to 3660`)
  return { kind: 'store', name, on, days }
}

/** Whether a store can keep records for so many days. */
export const isLifetime = (days: number): boolean => Number.isInteger(days) && days >= 1 && days <= 3_660

/** The KMS key under which the data keys of a store are wrapped: one a store. */
export const storeKey = ({ name }: Store): Key => ({ kind: 'key', name: `store-${name}`, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' })

/** What a wrapped data key is bound to: KMS refuses to unwrap it as another store's. */
export const storeContext = ({ name }: Store): Record<string, string> => ({ 'sallyport:store': name })

/**
 * What storing needs: to write, never to open. In a bucket what stands in the way of a write is looked at by a second
 * request, which S3 allows to readers; DynamoDB shows it in its refusal, and is asked for what stands under another version
 * of the key after a rotation.
 */
export const storeNeeds = (store: Store, as?: Identifier): Need[] => [
  { resource: store, actions: store.on === 'dynamodb' ? ['dynamodb:GetItem', 'dynamodb:PutItem'] : ['s3:GetObject', 's3:PutObject'] },
  { resource: storeKey(store), actions: ['kms:GenerateDataKey'] },
  ...hashKeyNeeds(ledgerKeyOf(as)),
]

/**
 * What loading needs. `s3:ListBucket`, since S3 tells only those who may list that an object is not there: to everyone else
 * it is denied, and a permission that somebody has taken away would be taken for a record that was never stored.
 */
export const loadNeeds = (store: Store, as?: Identifier): Need[] => [
  { resource: store, actions: store.on === 'dynamodb' ? ['dynamodb:GetItem'] : ['s3:GetObject', 's3:ListBucket'] },
  { resource: storeKey(store), actions: ['kms:Decrypt'] },
  ...hashKeyNeeds(ledgerKeyOf(as)),
]
