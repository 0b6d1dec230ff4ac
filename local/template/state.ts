import type { Found, Template } from './template.ts'

/** A KMS key as the template wants it. Its policy is resolved when it is asked for. */
export interface WantedKey {
  readonly found: Found
  readonly spec: string
  readonly usage: string
  readonly description: string
  readonly rotates: boolean
  /** By which it is found again at the next start. */
  readonly alias: string
  readonly policy: () => object
}

export function keysOf(template: Template): WantedKey[] {
  // An alias refers to its key, which may not be there yet: compared by the raw reference, so nothing is resolved.
  const aliases = template.ofType('AWS::KMS::Alias')
  return template.ofType('AWS::KMS::Key').map((found) => {
    const own = aliases.find((alias) => template.targets(alias, 'TargetKeyId', found))
    if (own === undefined) throw new Error(`key ${found.stack}/${found.id} has no alias, by which the local run could find it again`)
    const property = <T>(name: string, otherwise: T): T => (template.property(found, name) ?? otherwise) as T
    return {
      found,
      spec: property('KeySpec', 'SYMMETRIC_DEFAULT'),
      usage: property('KeyUsage', 'ENCRYPT_DECRYPT'),
      description: property('Description', ''),
      rotates: property('EnableKeyRotation', false),
      alias: String(template.property(own, 'AliasName')),
      policy: () => template.property(found, 'KeyPolicy') as object,
    }
  })
}

/** A global secondary index, as the API takes it. */
export interface WantedIndex {
  readonly IndexName: string
  readonly KeySchema: { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[]
  readonly Projection: { ProjectionType: 'ALL' | 'KEYS_ONLY' | 'INCLUDE'; NonKeyAttributes?: string[] }
}

export interface WantedTable {
  readonly found: Found
  readonly name: string
  readonly attributes: readonly { AttributeName: string; AttributeType: 'S' | 'N' | 'B' }[]
  readonly keys: readonly { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[]
  readonly indexes: readonly WantedIndex[]
  readonly billing: 'PAY_PER_REQUEST' | 'PROVISIONED'
  readonly encryption: { readonly SSEEnabled?: boolean; readonly SSEType?: 'KMS'; readonly KMSMasterKeyId?: string } | undefined
  readonly deletionProtection: boolean
  readonly timeToLive: string | undefined
  readonly recovery: boolean
}

function indexesOf(where: string, given: unknown): readonly WantedIndex[] {
  return ((given ?? []) as Record<string, unknown>[]).map((index) => {
    const name = String(index['IndexName'])
    for (const member of Object.keys(index)) {
      if (!['IndexName', 'KeySchema', 'Projection'].includes(member)) throw new Error(`${where}, index ${name}: the local run does not know ${member}`)
    }
    return { IndexName: name, KeySchema: index['KeySchema'] as WantedIndex['KeySchema'], Projection: index['Projection'] as WantedIndex['Projection'] }
  })
}

export function tablesOf(template: Template): WantedTable[] {
  const [replicated] = template.ofType('AWS::DynamoDB::GlobalTable')
  if (replicated) throw new Error(`table ${replicated.id}: the local run knows AWS::DynamoDB::Table alone`)
  return template.ofType('AWS::DynamoDB::Table').map((found) => {
    const wanted = template.properties(found)
    for (const member of ['LocalSecondaryIndexes', 'StreamSpecification']) {
      if (member in wanted) throw new Error(`table ${found.id}: the local run does not know ${member}`)
    }
    const sse = wanted['SSESpecification'] as { SSEEnabled: boolean; SSEType?: 'KMS'; KMSMasterKeyId?: string } | undefined
    const ttl = wanted['TimeToLiveSpecification'] as { AttributeName: string; Enabled: boolean } | undefined
    const recovery = wanted['PointInTimeRecoverySpecification'] as { PointInTimeRecoveryEnabled: boolean } | undefined
    return {
      found,
      name: template.ref(found),
      attributes: wanted['AttributeDefinitions'] as WantedTable['attributes'],
      keys: wanted['KeySchema'] as WantedTable['keys'],
      indexes: indexesOf(`table ${found.id}`, wanted['GlobalSecondaryIndexes']),
      billing: (wanted['BillingMode'] ?? 'PROVISIONED') as WantedTable['billing'],
      encryption: sse,
      deletionProtection: wanted['DeletionProtectionEnabled'] === true,
      timeToLive: ttl?.Enabled === true ? ttl.AttributeName : undefined,
      recovery: recovery?.PointInTimeRecoveryEnabled === true,
    }
  })
}

export interface WantedSecret {
  readonly found: Found
  readonly name: string
  readonly description: string
  readonly key: string | undefined
  readonly policy: () => object | undefined
}

export function secretsOf(template: Template): WantedSecret[] {
  const policies = template.ofType('AWS::SecretsManager::ResourcePolicy')
  return template.ofType('AWS::SecretsManager::Secret').map((found) => {
    for (const member of ['SecretString', 'GenerateSecretString']) {
      if (template.property(found, member) !== undefined) throw new Error(`secret ${found.id}: a value has no place in a template (${member})`)
    }
    const own = policies.find((policy) => template.targets(policy, 'SecretId', found))
    return {
      found,
      name: (template.property(found, 'Name') ?? `${found.stack}-${found.id}`) as string,
      description: (template.property(found, 'Description') ?? '') as string,
      key: template.property(found, 'KmsKeyId') as string | undefined,
      policy: () => own && template.property(own, 'ResourcePolicy') as object,
    }
  })
}
