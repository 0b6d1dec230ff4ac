import { Aws, CfnOutput, RemovalPolicy, Stack, Duration, type StackProps } from 'aws-cdk-lib'
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import { Key, KeySpec, KeyUsage, type IKey } from 'aws-cdk-lib/aws-kms'
import type { PolicyDocument } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { ledger, recordsFailures, type Key as RealmKey, type Pipeline, type QueuedTrigger, type Resource, type Store } from 'sallyport'
import { existingPlace, isExisting } from './existing.ts'
import type { Blueprint } from './blueprint.ts'
import { storeBucket } from './bucket.ts'
import { functionOf, isKey, isStore, wantedOf } from './demand.ts'
import { eventsKeyStatement, logKeyStatements, realmKeyPolicy, serviceKeyPolicy } from './key-policies.ts'
import { mark, type Names } from './names.ts'
import { hasQueue, waitingQueues } from './queues.ts'
import { emptySecret } from './secrets.ts'

export interface StateProps extends StackProps {
  readonly blueprint: Blueprint
  /**
   * Whether what is here outlives the stack.
   * @default - in stage `prod` alone
   */
  readonly retain?: boolean
}

const specs: Readonly<Record<RealmKey['spec'], KeySpec>> = {
  SYMMETRIC_DEFAULT: KeySpec.SYMMETRIC_DEFAULT, HMAC_256: KeySpec.HMAC_256, RSA_3072: KeySpec.RSA_3072,
  ECC_NIST_P256: KeySpec.ECC_NIST_P256, ECC_NIST_P384: KeySpec.ECC_NIST_P384, ECC_NIST_P521: KeySpec.ECC_NIST_P521, ECC_NIST_EDWARDS25519: KeySpec.ECC_NIST_EDWARDS25519,
}
const usages: Readonly<Record<RealmKey['usage'], KeyUsage>> = {
  ENCRYPT_DECRYPT: KeyUsage.ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC: KeyUsage.GENERATE_VERIFY_MAC, KEY_AGREEMENT: KeyUsage.KEY_AGREEMENT, SIGN_VERIFY: KeyUsage.SIGN_VERIFY,
}

/** What must outlive a deployment: keys, tables, buckets, secrets. */
export class State extends Stack {
  readonly logKey: IKey
  readonly ledger: Table
  readonly pairs: Table
  /** Address of each thing that a pipeline may need: `kind/name` to its ARN or name in a policy and in the environment. */
  readonly places = new Map<string, { readonly arn: string; readonly address: string }>()
  private readonly names: Names
  private readonly removalPolicy: RemovalPolicy

  constructor(scope: Construct, id: string, { blueprint: { names, members, definitions: { pipelines } }, retain = names.stage === 'prod', ...props }: StateProps) {
    super(scope, id, { ...props, terminationProtection: retain })
    mark(this, names)
    this.names = names
    this.removalPolicy = retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY

    const tableKey = this.key('table', 'Rows of the ledger, of the keys table and of stores, through DynamoDB alone', serviceKeyPolicy(['dynamodb']))
    const secretsKey = this.key('secrets', 'Credentials of accounts, through Secrets Manager alone', serviceKeyPolicy(['secretsmanager']))
    this.logKey = this.key('logs', 'Log groups and alarm messages, through CloudWatch Logs and SNS alone',
      serviceKeyPolicy(['logs', 'sns'], ...logKeyStatements([names.logGroup('*'), names.accessLog, ...pipelines.some(recordsFailures) ? [names.rerunsLog] : []])))

    this.ledger = this.table('ledger', `${names.prefix}-ledger`, tableKey, { partitionKey: { name: 'id', type: AttributeType.STRING }, timeToLiveAttribute: 'expires' })
    // Sparse: an item is in it while it waits. A claim and its end are written to it as well, a write unit each.
    this.ledger.addGlobalSecondaryIndex({
      indexName: ledger.index, partitionKey: { name: 'open', type: AttributeType.STRING }, sortKey: { name: 'lease', type: AttributeType.NUMBER },
      projectionType: ProjectionType.INCLUDE, nonKeyAttributes: [...ledger.indexed],
    })
    this.places.set('table/ledger-open', { arn: `${this.ledger.tableArn}/index/${ledger.index}`, address: this.ledger.tableName })
    this.pairs = this.table('keys', `${names.prefix}-keys`, tableKey, {
      partitionKey: { name: 'pair', type: AttributeType.STRING }, sortKey: { name: 'kid', type: AttributeType.STRING },
    })
    for (const [name, { tableArn: arn, tableName: address }] of [['ledger', this.ledger], ['keys', this.pairs]] as const) {
      this.places.set(`table/${name}`, { arn, address })
      this.output(name === 'ledger' ? 'LedgerTable' : 'KeysTable', address, `DynamoDB table ${name}`)
    }
    if (pipelines.some(hasQueue)) this.waiting(pipelines.filter(hasQueue))
    if (pipelines.some((pipeline) => hasQueue(pipeline) || recordsFailures(pipeline))) this.outcomes(tableKey)
    // Of the other stack, by their names: whoever is to invoke them says so in its policy.
    for (const pipeline of pipelines) this.places.set(`function/${functionOf(pipeline).name}`, { arn: names.functionArn(pipeline.name), address: names.function(pipeline.name) })
    const wanted = wantedOf(members)
    for (const { resource, uses } of wanted) {
      const roles = (action: string): string[] => (uses.get(action) ?? []).map(names.roleArn)
      if (isKey(resource)) {
        const policy = realmKeyPolicy(new Map([...uses.keys()].map((action) => [action, roles(action)])))
        const { keyArn } = this.key(`realm-${resource.name}`, `Sallyport ${names.prefix}: ${resource.name}`, policy, resource)
        this.places.set(`key/${resource.name}`, { arn: keyArn, address: keyArn })
      } else if (resource.kind === 'account') {
        const arn = emptySecret(this, `account-${resource.name}`, {
          name: names.secret(resource.name), key: secretsKey, readers: roles('secretsmanager:GetSecretValue'), removalPolicy: this.removalPolicy,
        })
        this.places.set(`account/${resource.name}`, { arn, address: arn })
      } else if (isStore(resource)) this.store(resource, tableKey, roles)
    }
    this.output('Accounts', wanted.filter(({ resource }) => resource.kind === 'account').map(({ resource }) => names.secret(resource.name)).join(' '),
      'Secrets that want a credential: npx sallyport accounts')
  }

  /** Where a need lives. A kind that is not here was refused before. */
  place(resource: Resource): { readonly arn: string; readonly address: string } {
    const { kind, name } = resource
    const place = isExisting(resource) ? existingPlace(resource, this.names.stage) : this.places.get(`${kind}/${name}`)
    if (place === undefined) throw new TypeError(`${kind} ${name}: nothing here provides it`)
    return place
  }

  private key(id: string, description: string, policy: PolicyDocument, { name, spec, usage }: Pick<RealmKey, 'name' | 'spec' | 'usage'> = { name: `at-rest/${id}`, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' }): Key {
    return new Key(this, `${id}-key`, {
      alias: this.names.alias(name), description, policy, keySpec: specs[spec], keyUsage: usages[usage],
      enableKeyRotation: spec === 'SYMMETRIC_DEFAULT', removalPolicy: this.removalPolicy,
      // Deleting a key deletes all that it sealed. Time to notice, where there is something to lose.
      pendingWindow: Duration.days(this.removalPolicy === RemovalPolicy.RETAIN ? 30 : 7),
    })
  }

  /** Every record is sealed before it comes here, under the key of the store, which no service uses. */
  private store({ name, on, days }: Store, tableKey: IKey, roles: (action: string) => readonly string[]): void {
    if (on === 'dynamodb') {
      const { tableArn: arn, tableName: address } = this.table(`store-${name}`, this.names.storeTable(name), tableKey, {
        partitionKey: { name: 'id', type: AttributeType.STRING }, timeToLiveAttribute: 'expires',
      })
      this.places.set(`store/${name}`, { arn, address })
    } else {
      const bucketName = this.names.bucket(name)
      const { bucketName: address } = storeBucket(this, `store-${name}`, {
        name: bucketName, days, writers: roles('s3:PutObject'), readers: roles('s3:GetObject'), removalPolicy: this.removalPolicy,
      })
      // Not the bucket's own ARN attribute: the name is fixed, and a literal shows in review what it is.
      this.places.set(`store/${name}`, { arn: `arn:${Aws.PARTITION}:s3:::${bucketName}`, address })
      this.output(`Bucket${name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`, address, `S3 bucket of the store ${name}: CloudFormation deletes it only when it is empty`)
    }
  }

  private waiting(pipelines: readonly (Pipeline & { readonly trigger: QueuedTrigger })[]): void {
    const events = pipelines.some(({ trigger }) => trigger.kind === 'event')
    const key = this.key('queues', 'Messages that wait, through SQS alone', serviceKeyPolicy(['sqs'], ...events ? [eventsKeyStatement()] : []))
    for (const pipeline of pipelines) {
      for (const [name, { queueArn: arn, queueUrl: address }] of waitingQueues(this, pipeline, { names: this.names, key, removalPolicy: this.removalPolicy })) this.places.set(`queue/${name}`, { arn, address })
    }
  }

  /** What became of messages; by its indexes, those that failed are found again. */
  private outcomes(tableKey: IKey): void {
    const outcomes = this.table('outcomes', `${this.names.prefix}-outcomes`, tableKey, { partitionKey: { name: 'id', type: AttributeType.STRING }, timeToLiveAttribute: 'expires' })
    for (const [indexName, name] of [['failures', 'failed'], ['entities', 'entity']] as const) {
      outcomes.addGlobalSecondaryIndex({ indexName, partitionKey: { name, type: AttributeType.STRING }, sortKey: { name: 'at', type: AttributeType.NUMBER }, projectionType: ProjectionType.ALL })
      this.places.set(`table/outcomes-${indexName}`, { arn: `${outcomes.tableArn}/index/${indexName}`, address: outcomes.tableName })
    }
    this.places.set('table/outcomes', { arn: outcomes.tableArn, address: outcomes.tableName })
    this.output('OutcomesTable', outcomes.tableName, 'DynamoDB table outcomes')
  }

  private table(name: string, tableName: string, encryptionKey: IKey, shape: Pick<ConstructorParameters<typeof Table>[2], 'partitionKey' | 'sortKey' | 'timeToLiveAttribute'>): Table {
    const table = new Table(this, `${name}-table`, {
      ...shape, tableName, billingMode: BillingMode.PAY_PER_REQUEST, encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.removalPolicy === RemovalPolicy.RETAIN, removalPolicy: this.removalPolicy,
    })
    return table
  }

  private output(id: string, value: string, description: string): void {
    if (value !== '') new CfnOutput(this, id, { value, description })
  }
}
