import { createPublicKey, randomUUID } from 'node:crypto'
import { CreateTableCommand, DynamoDBClient, ScanCommand, type AttributeValue } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { aws, deadQueueOf, envelopeKeyOf, Environment, openSealed, outcomesTable, rerunsKey, variable, type FaultCode, hsmKey, hsmKid, keyPairNeeds, keysTable, ledgerTable, queueOf, type Account, type Key, type KeyPair, type Need, type Resource, type SigningAlgorithm, type Store, type Table } from 'sallyport'
import { ensure } from '../functions/handlers/make-key.ts'
import type { How } from '../local/accounts.ts'
import type { Accounts } from './accounts.ts'
import type { MemoryAws } from './aws.ts'
import type { StillClock } from './clock.ts'
import { Queues, type Queued } from './queues.ts'

/** Where a resource is: for the variable, and for the policy. */
export interface Place { readonly address: string; readonly arn: string | readonly string[] }

/** A public half as the JWKS has it. */
export type PublicJwk = Readonly<Record<string, unknown>> & { readonly kid: string; readonly alg: string }

/** An item of the ledger: its members as plain values, digests where the design stores digests. */
export type LedgerItem = Readonly<Record<string, string | number>>

/** A record of a failure, as the table has it: of a sensitive entity its digest, and the text sealed. */
export interface Failure {
  readonly id: string
  readonly pipeline: string
  readonly entity?: string
  readonly fault: FaultCode
  readonly step?: string
  readonly attempt: number
  readonly fingerprint?: string
  /** The id that its sender was answered, of a pipeline with `mode: 'async'`. */
  readonly request?: string
  readonly sealed?: Uint8Array
  readonly origin?: Uint8Array
  readonly [member: string]: unknown
}

/** What infra provides, made when a pipeline first needs it. */
export class Resources {
  readonly #aws: MemoryAws
  readonly #accounts: Accounts
  readonly #admin: Environment
  readonly queues: Queues
  readonly #places = new Map<string, Promise<Place>>()

  constructor(memory: MemoryAws, accounts: Accounts, clock: StillClock) {
    this.#aws = memory
    this.#accounts = accounts
    this.#admin = new Environment({ variables: { TABLE_KEYS: keysTable.name }, clock, aws: memory.administration() })
    this.queues = new Queues(this.#admin)
  }

  /** The queue of a pipeline and the one where its dead letters end. */
  async waiting(pipeline: Queued): Promise<{ readonly queue: Place; readonly dead: Place }> {
    const [queue, dead] = [queueOf(pipeline), deadQueueOf(pipeline)]
    if (!this.#places.has(`queue/${queue.name}`)) {
      const made = this.queues.create(pipeline).then((places) => new Map(places))
      for (const { name } of [queue, dead]) this.#places.set(`queue/${name}`, made.then((places) => places.get(name) as Place))
    }
    return { queue: await this.place(queue), dead: await this.place(dead) }
  }

  place(resource: Resource): Promise<Place> {
    const id = `${resource.kind}/${resource.name}`
    const known = this.#places.get(id)
    if (known !== undefined) return known
    const made = this.#make(resource)
    this.#places.set(id, made)
    return made
  }

  /** The newest public half of a pair. An RSA half, which takes long to draw, is made when it is first asked for. */
  async publicKey(pair: KeyPair, type: 'ec' | 'rsa'): Promise<PublicJwk> {
    return pair.custody === 'wrapped' ? this.#wrapped(pair, type) : this.#hsm(pair.name, type)
  }

  async ledger(): Promise<LedgerItem[]> {
    const { address } = await this.place(ledgerTable)
    const { Items = [] } = await this.#admin.client(DynamoDBClient).send(new ScanCommand({ TableName: address, ConsistentRead: true }))
    return Items.map((item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)])))
  }

  async failures(): Promise<Failure[]> {
    const { address } = await this.place(outcomesTable)
    const { Items = [] } = await this.#admin.client(DynamoDBClient).send(new ScanCommand({ TableName: address, ConsistentRead: true }))
    return Items.filter(({ failed }) => failed !== undefined).map((item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, value.B ?? value.BOOL ?? plain(value)])) as unknown as Failure)
  }

  /** What a failure was about and the name of its message, opened where they are sealed: as the function `failures` does, whose role alone may. */
  async opened({ id, pipeline, entity, sealed, origin }: Failure): Promise<{ readonly entity?: string; readonly origin?: string }> {
    const key = envelopeKeyOf(rerunsKey)
    const open = async (what: 'entity' | 'origin', bytes: Uint8Array): Promise<string> =>
      openSealed(new Environment({ variables: { [variable(key)]: (await this.place(key)).address }, aws: this.#aws.administration() }), pipeline, id, what, bytes)
    const about = sealed === undefined ? entity?.slice(pipeline.length + 1) : await open('entity', sealed)
    return { ...about !== undefined && { entity: about }, ...origin !== undefined && { origin: await open('origin', origin) } }
  }

  #make(resource: Resource): Promise<Place> {
    switch (resource.kind) {
      case 'table': return this.#table((resource as Table).name, resource.name === 'keys' ? ['pair', 'kid'] : ['id'])
      case 'store': return this.#store(resource as Store)
      case 'key': return this.#key(resource as Key)
      case 'account': return this.#secret(resource as Account<How>)
      // Not made here: a client of it is refused by name.
      default: return Promise.resolve({ address: resource.name, arn: '*' })
    }
  }

  /** As infra/state.ts has them. */
  async #table(name: string, keys: readonly string[]): Promise<Place> {
    await this.#admin.client(DynamoDBClient).send(new CreateTableCommand({
      TableName: name, BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keys.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
      AttributeDefinitions: keys.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    }))
    return { address: name, arn: this.#aws.arn('dynamodb', `table/${name}`) }
  }

  async #store({ name, on }: Store): Promise<Place> {
    if (on === 'dynamodb') return this.#table(`store-${name}`, ['id'])
    await this.#admin.client(S3Client).send(new CreateBucketCommand({ Bucket: name }))
    return { address: name, arn: [this.#aws.arn('s3', name), this.#aws.arn('s3', `${name}/*`)] }
  }

  async #key(key: Key): Promise<Place> {
    // Drawing an RSA key takes longer than a test: until somebody asks for its public half it is an address alone.
    const arn = key.spec === 'RSA_3072' ? this.#aws.arn('kms', `key/${randomUUID()}`) : await this.#create(key)
    if (key.pair?.custody === 'wrapped') {
      await this.place(keysTable)
      const { name, algorithm } = key.pair
      await ensure({ name, key: arn, settle: 0, ...algorithm !== undefined && { algorithm: algorithm as SigningAlgorithm } }, algorithm === undefined ? 'ec' : 'sig', this.#admin)
    }
    return { address: arn, arn }
  }

  async #create({ spec, usage }: Key): Promise<string> {
    const { KeyMetadata } = await this.#admin.client(KMSClient).send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }))
    return KeyMetadata?.Arn as string
  }

  async #secret(account: Account<How>): Promise<Place> {
    const { ARN } = await this.#admin.client(SecretsManagerClient).send(new CreateSecretCommand({ Name: `accounts/${account.name}`, SecretString: this.#accounts.secret(account) }))
    return { address: ARN as string, arn: ARN as string }
  }

  async #wrapped(pair: KeyPair, type: 'ec' | 'rsa'): Promise<PublicJwk> {
    const { address } = await this.place((keyPairNeeds(pair)[1] as Need).resource)
    await ensure({ name: pair.name, key: address, settle: 0 }, type, this.#admin)
    const { Items } = await (await aws.dynamodb(this.#admin)).query({
      TableName: keysTable.name, KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: pair.name } },
    })
    const item = Items.find((each) => each['type']?.S === type)
    return JSON.parse(item?.['publicKey']?.S ?? '{}') as PublicJwk
  }

  async #hsm(pair: string, type: 'ec' | 'rsa'): Promise<PublicJwk> {
    const key = hsmKey(pair, type)
    if (type === 'rsa') {
      const { PublicKey } = await (await aws.kms(this.#admin)).getPublicKey({ KeyId: (await this.place(key)).address }).catch(() => ({ PublicKey: undefined }))
      if (PublicKey === undefined) {
        const arn = await this.#create(key)
        this.#places.set(`key/${key.name}`, Promise.resolve({ address: arn, arn }))
      }
    }
    const { address } = await this.place(key)
    const { PublicKey } = await (await aws.kms(this.#admin)).getPublicKey({ KeyId: address })
    const jwk = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' }).export({ format: 'jwk' })
    return { ...jwk, kid: hsmKid(pair, type, address), use: 'enc', alg: type === 'rsa' ? 'RSA-OAEP-256' : 'ECDH-ES+A256KW' }
  }
}

const plain = ({ S, N }: AttributeValue): string | number => N === undefined ? S ?? '' : Number(N)
