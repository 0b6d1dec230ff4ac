import { describe, expect, test } from 'vitest'
import { fixture, synthesized } from './synthesized.ts'

const retained = new Set(['AWS::KMS::Key', 'AWS::DynamoDB::Table', 'AWS::SecretsManager::Secret', 'AWS::SecretsManager::ResourcePolicy', 'AWS::Logs::LogGroup'])

describe.each([['dev', false], ['local', false], ['prod', true]] as const)('stage %s', (stage, kept) => {
  const { all, plain, state, stateless, sallyport } = synthesized(fixture, { stage })

  test('tables: customer key, point-in-time recovery, on demand, and deletion protection where something must be kept', () => {
    const shared = {
      BillingMode: 'PAY_PER_REQUEST', PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }, DeletionProtectionEnabled: kept,
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: `Sallyport-${stage}-state/table-key.Arn` },
    }
    expect(plain(Object.fromEntries(Object.entries(all('AWS::DynamoDB::Table')).map(([path, { Properties }]) => [path, Properties])))).toEqual({
      [`Sallyport-${stage}-state/ledger-table`]: {
        ...shared, TableName: `Sallyport-${stage}-ledger`, TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }, { AttributeName: 'open', AttributeType: 'S' }, { AttributeName: 'lease', AttributeType: 'N' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: [{
          IndexName: 'open', KeySchema: [{ AttributeName: 'open', KeyType: 'HASH' }, { AttributeName: 'lease', KeyType: 'RANGE' }],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['state', 'attempt', 'pipeline', 'firstClaimedAt', 'repeatable', 'days', 'step'] },
        }],
      },
      [`Sallyport-${stage}-state/keys-table`]: {
        ...shared, TableName: `Sallyport-${stage}-keys`,
        AttributeDefinitions: [{ AttributeName: 'pair', AttributeType: 'S' }, { AttributeName: 'kid', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }],
      },
    })
  })

  test(kept ? 'keeps keys, tables, secrets and logs when it is destroyed' : 'leaves nothing when it is destroyed', () => {
    for (const { Resources } of [state, stateless]) {
      for (const [id, { Type, DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete' }] of Object.entries(Resources)) {
        const policy = kept && retained.has(Type) ? 'Retain' : 'Delete'
        expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, policy, policy])
      }
    }
    expect(sallyport.state.terminationProtection).toBe(kept)
    expect(Object.values(all('AWS::KMS::Key')).map(({ Properties }) => Properties['PendingWindowInDays'])).toEqual(Object.keys(all('AWS::KMS::Key')).map(() => kept ? 30 : 7))
  })
})

test('prod: what is kept can be deployed beside: no name of one stage is a name of another', () => {
  const names = (stage: string): string[] => Object.values(synthesized(fixture, { stage }).state.Resources).flatMap(({ Properties }) => {
    const { TableName, Name, AliasName } = Properties as Record<string, string | undefined>
    return [TableName, Name, AliasName].filter((name) => name !== undefined)
  })
  expect(names('prod').filter((name) => names('dev').includes(name))).toEqual([])
})
