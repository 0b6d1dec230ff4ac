import { createPublicKey } from 'node:crypto'
import { address, aws, keysTable, signingSpec, wrapContext, type Environment, type SigningAlgorithm } from 'sallyport'

/** A key whose versions are rows of the keys table. */
export interface Made {
  readonly name: string
  /** The KMS key that wraps what is made. A hash key has none here: its versions are labels. */
  readonly key?: string
  /** Of a signing key. */
  readonly algorithm?: SigningAlgorithm
  /** Days after which it is renewed by itself. */
  readonly rotateDays?: number
  /** Seconds from the making of a version until it is used: by then every environment, and every verifier, knows it. */
  readonly settle: number
  /** Of a hash key, by the claims that use it: how many versions one can ask for at once, and for how many days a version counts when the next is in use. */
  readonly counts?: readonly { readonly days: number; readonly most: number }[]
}

/** What a key has a version of, each by itself. */
export type Type = 'rsa' | 'ec' | 'sig' | 'digest'
export const typesOf = ({ key, algorithm }: Made): readonly Type[] => key === undefined ? ['digest'] : algorithm === undefined ? ['rsa', 'ec'] : ['sig']

interface Row { readonly kid: string; readonly type: string; readonly version: number; readonly from: number; readonly created: string; readonly publicKey: string }

async function rowsOf({ name }: Made, type: Type, environment?: Environment): Promise<Row[]> {
  const { Items } = await (await aws.dynamodb(environment)).query({
    TableName: address(keysTable, environment), KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } }, ConsistentRead: true,
  })
  return Items.map((item) => ({ kid: item['kid']?.S ?? '', type: item['type']?.S ?? '', version: Number(item['version']?.N), from: Number(item['from']?.N ?? 0), created: item['created']?.S ?? '', publicKey: item['publicKey']?.S ?? '{}' }))
    .filter((row) => row.type === type).sort((a, b) => a.version - b.version)
}

/**
 * Makes the first version of one type, if there is none, or none for the algorithm that a signing key has now; of a hash key it
 * needs no row. Gives its kid if it was made here.
 */
export async function ensure(made: Made, type: Type, environment?: Environment): Promise<string | undefined> {
  if (type === 'digest') return undefined
  const rows = await rowsOf(made, type, environment)
  if (rows.some(({ publicKey }) => made.algorithm === undefined || (JSON.parse(publicKey) as { alg?: string }).alg === made.algorithm)) return undefined
  return (await make(made, type, (rows.at(-1)?.version ?? 0) + 1, () => 0, environment)).kid
}

/** What became of a rotation: a version that is used from a time on, in epoch milliseconds, or the one that is still awaited. */
export interface Rotated { readonly kid: string; readonly from: number; readonly made: boolean }

/** Makes the next version, which is used once it has settled. While one is awaited there is no other. */
export async function rotate(made: Made, type: Type, environment?: Environment): Promise<Rotated> {
  const newest = (await rowsOf(made, type, environment)).at(-1)
  if (newest !== undefined && newest.from > Date.now()) return { kid: newest.kid, from: newest.from, made: false }
  // The first version of a digest is that of a key without rows.
  const version = (newest?.version ?? (type === 'digest' ? 1 : 0)) + 1
  const { kid, from } = await make(made, type, version, () => Date.now() + made.settle * 1_000, environment)
  return { kid: kid ?? `${made.name}-${type}-${version}`, from, made: kid !== undefined }
}

/** Whether the newest version is older than the definition wants. A hash key that was never rotated counts from its first rotation. */
export async function isDue(made: Made, type: Type): Promise<boolean> {
  if (made.rotateDays === undefined) return false
  const newest = (await rowsOf(made, type)).at(-1)
  return newest === undefined ? type === 'digest' : Date.now() - Date.parse(newest.created) > made.rotateDays * 86_400_000
}

const day = 86_400_000

/** Versions that count now, and epoch milliseconds from which on there is room for one more. */
export interface Full { readonly counting: number; readonly again: number }

/** Whether one more version of a hash key would be one too many for a claim: a transaction of DynamoDB has an end. While one is awaited there is no other. */
export async function isFull(made: Made, environment?: Environment): Promise<Full | undefined> {
  const { counts = [] } = made
  if (counts.length === 0) return undefined
  const now = Date.now()
  const begun = (await rowsOf(made, 'digest', environment)).map(({ from }) => from)
  if (begun.some((from) => from > now)) return undefined
  const { days, most } = counts.find((each) => atMost(made, begun, each.days, now) > each.most) ?? {}
  if (days === undefined || most === undefined) return undefined
  const ends = begun.map((from) => from + days * day)
  return { counting: ends.filter((end) => end > now).length + 1, again: ends.find((end) => end > now && atMost(made, begun, days, end) <= most) ?? now + days * day }
}

/** How many versions of it count at once if one is made then, by what the schedule adds later. `begun`: when each behind the first was first used. */
function atMost({ rotateDays, settle }: Made, begun: readonly number[], days: number, time: number): number {
  const ends = [...begun, time + settle * 1_000].map((from) => from + days * day)
  const pace = rotateDays ?? days + 1
  // The newest one counts in any case.
  return Math.max(...Array.from({ length: Math.floor(days / pace) + 1 }, (_, later) => ends.filter((end) => end > time + later * pace * day).length + 1 + later))
}

const specs = { rsa: 'RSA_3072', ec: 'ECC_NIST_P256' } as const

/** `settled`: from when it is used. Asked when KMS has made it, which may take a while: others learn of it once it is written. */
async function make({ name, key, algorithm }: Made, type: Type, version: number, settled: () => number, environment?: Environment): Promise<{ readonly kid: string | undefined; readonly from: number }> {
  const kid = `${name}-${type}-${version}`
  const half: { readonly wrapped?: { readonly B: Uint8Array } } = key === undefined ? {} : await pair(key, kid, name, type, algorithm, environment)
  const from = settled()
  const created = new Date().toISOString()
  try {
    await (await aws.dynamodb(environment)).put({
      TableName: address(keysTable, environment),
      Item: { pair: { S: name }, kid: { S: kid }, type: { S: type }, version: { N: String(version) }, from: { N: String(from) }, created: { S: created }, ...half },
      ConditionExpression: 'attribute_not_exists(kid)', ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    })
    return { kid, from }
  } catch (error) {
    const { name: refused, Item } = error as { readonly name?: string; readonly Item?: Readonly<Record<string, { readonly S?: string; readonly B?: Uint8Array }>> }
    if (refused !== 'ConditionalCheckFailedException') throw error
    // Another deploy, or rotation, was faster: its version stands. Or it is this one, and the reply to it was lost.
    const ours = half.wrapped === undefined ? Item?.['created']?.S === created : Buffer.from(Item?.['wrapped']?.B ?? []).equals(half.wrapped.B)
    return { kid: ours ? kid : undefined, from }
  }
}

/** The private half comes wrapped alone, and its context binds it to this version of this key. */
async function pair(KeyId: string, kid: string, name: string, type: Type, algorithm: SigningAlgorithm | undefined, environment?: Environment) {
  const spec = algorithm === undefined ? specs[type as 'rsa' | 'ec'] : signingSpec(algorithm)
  const { PrivateKeyCiphertextBlob, PublicKey } = await (await aws.kms(environment)).generatePair({ KeyId, KeyPairSpec: spec as 'RSA_3072', EncryptionContext: wrapContext(name, kid) })
  const jwk = createPublicKey({ key: Buffer.from(PublicKey as Uint8Array), format: 'der', type: 'spki' }).export({ format: 'jwk' })
  const use = algorithm === undefined ? { use: 'enc', alg: type === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW' } : { use: 'sig', alg: algorithm }
  return { spec: { S: spec }, publicKey: { S: JSON.stringify({ ...jwk, kid, ...use }) }, wrapped: { B: PrivateKeyCiphertextBlob as Uint8Array } }
}
