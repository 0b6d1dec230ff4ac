import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { hsmKid, signingKid, type Key, type Pipeline } from 'sallyport'
import { hashKeysOf, membersOf, isKey, pairsOf, wantedOf, type Pair } from '../../infra/demand.ts'
import { connection, told } from '../connection.ts'
import { say, table } from '../screen.ts'

/** One version of a key that somebody may see the name of: never key material. */
interface Shown {
  readonly key: string
  readonly custody: string
  readonly use: string
  /** What a sender writes into a token, or what stands before a digest. */
  readonly version: string
  readonly created: string
  /** Whether new things are made with it, or it only opens, verifies and finds what there is; or when it begins. */
  readonly state: string
}

interface Row { readonly kid: string; readonly type: string; readonly spec: string; readonly version: number; readonly from: number; readonly created: string }

async function rowsOf(key: string, prefix: string, client: DynamoDBClient): Promise<Row[]> {
  const { Items = [] } = await client.send(new QueryCommand({
    TableName: `${prefix}-keys`, KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: key } },
    // Not the wrapped half: whoever lists keys has no use for it.
    ProjectionExpression: 'kid, #type, spec, version, #from, created', ExpressionAttributeNames: { '#type': 'type', '#from': 'from' },
  }))
  return Items.map((item) => ({
    kid: item['kid']?.S ?? '', type: item['type']?.S ?? '', spec: item['spec']?.S ?? '', version: Number(item['version']?.N), from: Number(item['from']?.N ?? 0), created: item['created']?.S ?? '',
  })).sort((a, b) => a.type < b.type ? -1 : a.type > b.type ? 1 : a.version - b.version)
}

/** The newest whose time has come is in use, those before it serve what they made, and one after it is awaited. */
function stateOf(row: Row, among: readonly Row[], now: number): string {
  if (row.from > now) return `from ${new Date(row.from).toISOString().slice(0, 19)}`
  return among.some(({ type, version, from }) => type === row.type && version > row.version && from <= now) ? 'old' : 'in use'
}

async function wrapped({ name, algorithm }: Pair, prefix: string, client: DynamoDBClient): Promise<Shown[]> {
  const rows = await rowsOf(name, prefix, client)
  return rows.map((row) => ({ key: name, custody: 'wrapped', use: `${algorithm === undefined ? 'open' : `sign ${algorithm}`}, ${row.spec}`, version: row.kid, created: row.created, state: stateOf(row, rows, Date.now()) }))
}

async function hsm({ name, keys, algorithm }: Pair, prefix: string, client: KMSClient): Promise<Shown[]> {
  const newest = Math.max(...keys.map(({ pair }) => pair?.generation ?? 1))
  return Promise.all(keys.map(async (key) => {
    const { KeyId = '' } = await client.send(new GetPublicKeyCommand({ KeyId: `alias/${prefix}/${key.name}` }))
    const version = algorithm === undefined ? hsmKid(name, key.spec === 'ECC_NIST_P256' ? 'ec' : 'rsa', KeyId) : signingKid(name, KeyId)
    return { key: name, custody: 'hsm', use: `${algorithm === undefined ? 'open' : `sign ${algorithm}`}, ${key.spec}`, version, created: '', state: (key.pair?.generation ?? 1) === newest ? 'in use' : 'old' }
  }))
}

async function digests({ name }: Key, prefix: string, client: DynamoDBClient): Promise<Shown[]> {
  const rows = await rowsOf(name, prefix, client)
  const all: Row[] = [{ kid: `${name}-digest-1`, type: 'digest', spec: '', version: 1, from: 0, created: '' }, ...rows]
  return all.map((row) => ({ key: name, custody: 'wrapped', use: 'keyed digests', version: row.kid, created: row.created, state: stateOf(row, all, Date.now()) }))
}

/** Lists the keys of a deployment, every version: where each is kept, what for, and what is in use. */
export async function list(pipelines: readonly Pipeline[], prefix: string, stage: string, json: boolean): Promise<number> {
  const settings = connection(stage)
  const [dynamodb, kms] = [new DynamoDBClient(settings), new KMSClient(settings)]
  try {
    const published = await Promise.all(pairsOf(pipelines).map((pair) => pair.custody === 'wrapped' ? wrapped(pair, prefix, dynamodb) : hsm(pair, prefix, kms)))
    const hashed = await Promise.all(hashKeysOf(pipelines).map((key) => digests(key, prefix, dynamodb)))
    const others = wantedOf(membersOf(pipelines)).map(({ resource }) => resource).filter(isKey).filter(({ pair, usage }) => pair === undefined && usage === 'ENCRYPT_DECRYPT')
      .map((key): Shown => ({ key: key.name, custody: 'wrapped', use: 'seal and open', version: '', created: '', state: 'KMS rotates it' }))
    const all = [...published.flat(), ...hashed.flat(), ...others]
    if (json) say(JSON.stringify({ stage, keys: all }))
    else say(table(['key', 'custody', 'use', 'version', 'made', 'state'], all.map(({ key, custody, use, version, created, state }) => [key, custody, use, version, created.slice(0, 19), state])))
    return 0
  } catch (error) {
    throw told(error, stage)
  } finally {
    dynamodb.destroy()
    kms.destroy()
  }
}
