import { describe, expect, it } from 'vitest'
import type { RawResource, RawTemplate } from '../../../local/template/assembly.ts'
import { customResourcesOf } from '../../../local/template/custom-resources.ts'
import { functionsOf } from '../../../local/template/functions.ts'
import { rolesOf } from '../../../local/template/roles.ts'
import { apiOf } from '../../../local/template/routes.ts'
import { keysOf, secretsOf, tablesOf } from '../../../local/template/state.ts'
import { template, type Template } from '../../../local/template/template.ts'

const place = { region: 'us-east-1', account: '000000000000' }
const read = (stacks: Record<string, RawTemplate>): Template => template({ folder: '/out', stacks }, place)
const one = (Resources: Record<string, RawResource>): Template => read({ app: { Resources } })

/** What a value of a template resolves to, next to a table and a function. */
function value(raw: unknown): unknown {
  const subject = one({
    table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: { 'Fn::Join': ['-', ['a', 'b']] } } },
    nameless: { Type: 'AWS::Lambda::Function' },
    key: { Type: 'AWS::KMS::Key' },
    it: { Type: 'Test', Properties: { raw } },
  })
  const [it] = subject.ofType('Test')
  return it && subject.property(it, 'raw')
}

describe('intrinsics', () => {
  it.each([
    [{ Ref: 'table' }, 'a-b'],
    [{ 'Fn::GetAtt': ['table', 'Arn'] }, 'arn:aws:dynamodb:us-east-1:000000000000:table/a-b'],
    [{ 'Fn::GetAtt': 'table.Arn' }, 'arn:aws:dynamodb:us-east-1:000000000000:table/a-b'],
    [{ Ref: 'nameless' }, 'app-nameless'],
    [{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::', { Ref: 'AWS::AccountId' }, ':root']] }, 'arn:aws:iam::000000000000:root'],
    [{ 'Fn::Sub': 'x-${AWS::Region}-${table}-${table.Arn}-${!literal}' }, 'x-us-east-1-a-b-arn:aws:dynamodb:us-east-1:000000000000:table/a-b-${literal}'],
    [{ 'Fn::Sub': ['${own}.${AWS::URLSuffix}', { own: { Ref: 'table' } }] }, 'a-b.amazonaws.com'],
    [{ 'Fn::Select': [1, { 'Fn::Split': [':', 'a:b:c'] }] }, 'b'],
    [{ 'Fn::Select': ['0', ['x', 'y']] }, 'x'],
    [[{ Ref: 'AWS::StackName' }, 7, null, true], ['app', 7, null, true]],
    [{ Ref: 'table', and: 'more' }, { Ref: 'table', and: 'more' }],
  ])('%j', (raw, expected) => {
    expect(value(raw)).toEqual(expected)
  })

  it.each([
    [{ 'Fn::Cidr': ['10.0.0.0/8'] }, 'Fn::Cidr in the template is not known to the local run'],
    [{ 'Fn::If': ['a', 1, 2] }, 'Fn::If in the template is not known to the local run'],
    [{ Ref: 'nobody' }, 'app/nobody is referred to and not there'],
    [{ Ref: 'key' }, 'app/key (AWS::KMS::Key) is referred to before it is created'],
    [{ 'Fn::GetAtt': ['table', 'StreamArn'] }, 'app/table: attribute StreamArn is not known to the local run'],
    [{ 'Fn::ImportValue': 'x' }, 'app imports x, which no stack exports'],
    [{ 'Fn::Select': [3, ['x']] }, 'Fn::Select: there is no 3 in a list of 1'],
  ])('%j is refused in a sentence', (raw, sentence) => {
    expect(() => value(raw)).toThrow(sentence)
  })

  it('follows exports between stacks, also of what only creating names', () => {
    const subject = read({
      state: { Resources: { key: { Type: 'AWS::KMS::Key' } }, Outputs: { o: { Value: { 'Fn::GetAtt': ['key', 'Arn'] }, Export: { Name: 'the-key' } } } },
      app: { Resources: { key: { Type: 'Test', Properties: { raw: { 'Fn::ImportValue': 'the-key' } } } } },
    })
    const [it] = subject.ofType('Test')
    if (!it) throw new Error('not found')
    expect(() => subject.property(it, 'raw')).toThrow('state/key (AWS::KMS::Key) is referred to before it is created')
    subject.ofType('AWS::KMS::Key').forEach((found) => subject.created(found, { ref: 'id', atts: { Arn: 'arn:key' } }))
    expect(subject.property(it, 'raw')).toBe('arn:key')
  })

  it('does not guess a parameter', () => {
    const subject = read({ app: { Parameters: { p: { Type: 'String', Default: 'd' }, q: { Type: 'String' } }, Resources: { it: { Type: 'Test', Properties: { p: { Ref: 'p' }, q: { Ref: 'q' } } } } } })
    const [it] = subject.ofType('Test')
    if (!it) throw new Error('not found')
    expect(subject.property(it, 'p')).toBe('d')
    expect(() => subject.property(it, 'q')).toThrow('parameter q of stack app has no value here')
  })
})

describe('roles', () => {
  const document = (action: string): object => ({ Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] })
  const role = (more: object): RawResource => ({ Type: 'AWS::IAM::Role', Properties: { RoleName: 'r', ...more } })

  it('have their inline, listed and attached policies, and their boundary', () => {
    const [found] = rolesOf(one({
      role: role({ Policies: [{ PolicyName: 'p', PolicyDocument: document('a:Inline') }], ManagedPolicyArns: [{ Ref: 'listed' }], PermissionsBoundary: { Ref: 'bound' } }),
      listed: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: document('a:Listed') } },
      attached: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: document('a:Attached'), Roles: [{ Ref: 'role' }] } },
      policy: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'x', PolicyDocument: document('a:Policy'), Roles: [{ Ref: 'role' }] } },
      others: { Type: 'AWS::IAM::Policy', Properties: { PolicyName: 'y', PolicyDocument: document('a:Others'), Roles: ['other'] } },
      bound: { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument: document('a:Bound') } },
    }))
    expect(found).toEqual({
      name: 'r', arn: 'arn:aws:iam::000000000000:role/r', boundary: document('a:Bound'),
      policies: ['a:Inline', 'a:Listed', 'a:Attached', 'a:Policy'].map(document),
    })
  })
  it('are refused when a policy cannot be seen, and say when a boundary cannot', () => {
    expect(() => rolesOf(one({ role: role({ ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] }) }))).toThrow('role r: policy arn:aws:iam::aws:policy/AdministratorAccess is not in the template')
    expect(rolesOf(one({ role: role({ PermissionsBoundary: 'arn:aws:iam::1:policy/corp' }) }))[0]?.unknownBoundary).toBe('arn:aws:iam::1:policy/corp')
  })
})

describe('state', () => {
  const key = { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Resource: { Ref: 'AWS::Region' } }, EnableKeyRotation: true } }
  it('finds keys with their alias before they exist', () => {
    const subject = one({ key, alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/k', TargetKeyId: { 'Fn::GetAtt': ['key', 'Arn'] } } } })
    const [found] = keysOf(subject)
    expect(found).toMatchObject({ alias: 'alias/k', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', rotates: true })
    expect(found?.policy()).toEqual({ Resource: 'us-east-1' })
  })
  it('refuses a key that could not be found again, a secret with a value, and a table it does not know', () => {
    expect(() => keysOf(one({ key }))).toThrow('key app/key has no alias')
    expect(() => secretsOf(one({ s: { Type: 'AWS::SecretsManager::Secret', Properties: { GenerateSecretString: {} } } }))).toThrow('a value has no place in a template')
    expect(() => tablesOf(one({ t: { Type: 'AWS::DynamoDB::GlobalTable' } }))).toThrow('AWS::DynamoDB::Table alone')
    expect(() => tablesOf(one({ t: { Type: 'AWS::DynamoDB::Table', Properties: { LocalSecondaryIndexes: [] } } }))).toThrow('does not know LocalSecondaryIndexes')
  })
})

describe('indexes of a table', () => {
  const index = { IndexName: 'due', KeySchema: [{ AttributeName: 'd', KeyType: 'HASH' }], Projection: { ProjectionType: 'KEYS_ONLY' } }
  const table = (...GlobalSecondaryIndexes: object[]): Record<string, RawResource> => ({ t: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 't', GlobalSecondaryIndexes } } })
  it('are read as the API takes them', () => {
    expect(tablesOf(one(table(index)))[0]?.indexes).toEqual([index])
    expect(tablesOf(one({ t: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 't' } } }))[0]?.indexes).toEqual([])
  })
  it('are refused with what the local run would leave out', () => {
    expect(() => tablesOf(one(table({ ...index, ContributorInsightsSpecification: { Enabled: true } })))).toThrow('table t, index due: the local run does not know ContributorInsightsSpecification')
  })
})

describe('functions and routes', () => {
  const fn = (more: object = {}, Metadata: object = { 'aws:asset:path': 'asset.f', 'aws:asset:property': 'Code', 'aws:cdk:path': 'app/loan/Resource' }): RawResource => ({
    Type: 'AWS::Lambda::Function', Metadata: { ...Metadata },
    Properties: { FunctionName: 'f', Handler: 'index.handler', Timeout: 15, MemorySize: 512, Role: { 'Fn::GetAtt': ['role', 'Arn'] }, Layers: [{ Ref: 'layer' }], Environment: { Variables: { N: 1 } }, LoggingConfig: { LogFormat: 'JSON', LogGroup: '/g' }, ...more },
  })
  const around = {
    role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } },
    layer: { Type: 'AWS::Lambda::LayerVersion', Metadata: { 'aws:asset:path': 'asset.l', 'aws:asset:property': 'Content' } },
    api: { Type: 'AWS::ApiGatewayV2::Api' },
    integration: { Type: 'AWS::ApiGatewayV2::Integration', Properties: { IntegrationType: 'AWS_PROXY', PayloadFormatVersion: '2.0', IntegrationUri: { 'Fn::GetAtt': ['fn', 'Arn'] } } },
    route: { Type: 'AWS::ApiGatewayV2::Route', Properties: { RouteKey: 'POST /x', AuthorizationType: 'AWS_IAM', Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'integration' }]] } } },
  }
  const permission = (path: string): RawResource => ({
    Type: 'AWS::Lambda::Permission', Properties: { Action: 'lambda:InvokeFunction', Principal: 'apigateway.amazonaws.com', FunctionName: { 'Fn::GetAtt': ['fn', 'Arn'] }, SourceArn: { 'Fn::Sub': `arn:aws:execute-api:\${AWS::Region}:\${AWS::AccountId}:\${api}/*/${path}` } },
  })

  it('reads a function as Lambda would run it', () => {
    expect(functionsOf(one({ ...around, fn: fn() }))).toEqual([{
      name: 'f', shortName: 'loan', arn: 'arn:aws:lambda:us-east-1:000000000000:function:f', roleArn: 'arn:aws:iam::000000000000:role/r', handler: 'index.handler',
      timeoutSeconds: 15, memoryMb: 512, code: '/out/asset.f', layers: ['/out/asset.l'], environment: { N: '1' }, logFormat: 'JSON', logGroup: '/g',
    }])
  })
  it('refuses a function whose folder, and a layer, that cannot be found', () => {
    expect(() => functionsOf(one({ ...around, fn: fn({}, {}) }))).toThrow('no folder is named in its metadata')
    expect(() => functionsOf(one({ ...around, fn: fn({ Layers: ['arn:aws:lambda:us-east-1:1:layer:other:1'] }) }))).toThrow('layer arn:aws:lambda:us-east-1:1:layer:other:1 is not in the template')
  })
  it('reads routes with their authorization', () => {
    expect(apiOf(one({ ...around, fn: fn(), permission: permission('POST/x') })).routes).toEqual([{ key: 'POST /x', auth: 'AWS_IAM', function: 'f' }])
  })
  it('refuses a route that API Gateway may not take, which would answer 500 on AWS', () => {
    expect(() => apiOf(one({ ...around, fn: fn() }))).toThrow('route POST /x: no permission of the template lets API Gateway invoke f')
    expect(() => apiOf(one({ ...around, fn: fn(), permission: permission('POST/y') }))).toThrow('no permission of the template')
  })
  it('refuses an authorization that it could not enforce', () => {
    const route = { Type: 'AWS::ApiGatewayV2::Route', Properties: { ...around.route.Properties, AuthorizationType: 'JWT' } }
    expect(() => apiOf(one({ ...around, route, fn: fn(), permission: permission('POST/x') }))).toThrow('route POST /x: the local run does not know authorization JWT')
  })
  it('hands custom resources over as CloudFormation does: numbers and booleans as text', () => {
    expect(customResourcesOf(one({ ...around, fn: fn(), custom: { Type: 'Custom::X', Properties: { ServiceToken: { 'Fn::GetAtt': ['fn', 'Arn'] }, n: 1, list: [{ b: true }] } } }))).toEqual([
      { stack: 'app', id: 'custom', type: 'Custom::X', function: 'f', properties: { ServiceToken: 'arn:aws:lambda:us-east-1:000000000000:function:f', n: '1', list: [{ b: 'true' }] } },
    ])
  })
})
