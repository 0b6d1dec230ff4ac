import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { hsmKid, type Key } from 'sallyport'
import { membersOf, isKey, pairsOf, wantedOf, type Pair } from '../infra/demand.ts'
import { connection, told } from './connection.ts'
import { idOf } from './deployment.ts'
import { folderOf, pipelinesOf } from './folders.ts'
import { say, table } from './screen.ts'
import { readOptions } from './usage.ts'

/** One key that somebody may see the name of: never key material. */
interface Shown {
  readonly key: string
  readonly custody: string
  readonly use: string
  /** What a sender writes into a token, where the key is published. */
  readonly kid: string
  readonly created: string
}

const uses: Readonly<Record<Key['usage'], string>> = { ENCRYPT_DECRYPT: 'seal and open', GENERATE_VERIFY_MAC: 'keyed digests', KEY_AGREEMENT: 'open', SIGN_VERIFY: 'sign' }

/** The halves of a wrapped pair, every version: what was sealed before still opens. */
async function wrapped({ name }: Pair, prefix: string, client: DynamoDBClient): Promise<Shown[]> {
  const { Items = [] } = await client.send(new QueryCommand({
    TableName: `${prefix}-keys`, KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: name } },
    // Not the wrapped half: whoever lists keys has no use for it.
    ProjectionExpression: 'kid, spec, created',
  }))
  return Items.map((item) => ({ key: name, custody: 'wrapped', use: `open, ${item['spec']?.S ?? ''}`, kid: item['kid']?.S ?? '', created: item['created']?.S ?? '' }))
}

async function hsm({ name, keys }: Pair, prefix: string, client: KMSClient): Promise<Shown[]> {
  return Promise.all(keys.map(async (key) => {
    const { KeyId = '' } = await client.send(new GetPublicKeyCommand({ KeyId: `alias/${prefix}/${key.name}` }))
    return { key: name, custody: 'hsm', use: `open, ${key.spec}`, kid: hsmKid(name, key.spec === 'ECC_NIST_P256' ? 'ec' : 'rsa', KeyId), created: '' }
  }))
}

/** Lists the keys of a deployment: where each is kept, what for, and the `kid` of those that are published. */
export async function keys(args: string[]): Promise<number> {
  const { values: { stage, id, pipelines: folder, json } } = readOptions({
    args, options: { stage: { type: 'string', default: 'dev' }, id: { type: 'string' }, pipelines: { type: 'string' }, json: { type: 'boolean', default: false } },
  })
  const pipelines = await pipelinesOf(folderOf(folder))
  const prefix = `${idOf(stage, id)}-${stage}`
  const settings = connection(stage)
  const [dynamodb, kms] = [new DynamoDBClient(settings), new KMSClient(settings)]
  try {
    const pairs = pairsOf(pipelines)
    const published = await Promise.all(pairs.map((pair) => pair.custody === 'wrapped' ? wrapped(pair, prefix, dynamodb) : hsm(pair, prefix, kms)))
    const others = wantedOf(membersOf(pipelines)).map(({ resource }) => resource).filter(isKey).filter(({ pair }) => pair === undefined)
      .map((key): Shown => ({ key: key.name, custody: 'wrapped', use: uses[key.usage], kid: '', created: '' }))
    const all = [...published.flat(), ...others]
    if (json) say(JSON.stringify({ stage, keys: all }))
    else say(table(['key', 'custody', 'use', 'kid', 'made'], all.map(({ key, custody, use, kid, created }) => [key, custody, use, kid, created.slice(0, 19)])))
    return 0
  } catch (error) {
    throw told(error, stage)
  } finally {
    dynamodb.destroy()
    kms.destroy()
  }
}
