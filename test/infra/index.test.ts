import { describe, expect, test } from 'vitest'
import { construct, fixture, stubs, synthesize, synthesized } from './synthesized.ts'
import { account, flow, open, pipeline, post } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'

test('two stacks directly under the app, functions directly under the second', () => {
  const { sallyport, all } = synthesized(fixture)
  expect([sallyport.state.node.path, sallyport.stateless.node.path]).toEqual(['Sallyport-dev-state', 'Sallyport-dev'])
  expect(Object.values(all('AWS::Lambda::Function')).map(({ Metadata }) => Metadata?.['aws:cdk:path'])).toEqual(
    ['intake', 'vault-intake', 'jwks', 'keys', 'ledger', 'fallback'].map((name) => `Sallyport-dev/${name}/Resource`))
})

test('no resource of one stack has the logical id of a resource of the other', () => {
  const { state, stateless } = synthesized(fixture)
  expect(Object.keys(state.Resources).filter((id) => id in stateless.Resources)).toEqual([])
})

test('each pipeline carries its manifest', () => {
  const { all } = synthesized(fixture)
  expect(all('AWS::Lambda::Function')['Sallyport-dev/vault-intake']?.Metadata?.['sallyport:manifest']).toMatchObject({ name: 'vault-intake', timeout: 20, steps: { steps: [{ kind: 'decrypt' }, {}, {}, { kind: 'deduplicate' }] } })
  expect(all('AWS::Lambda::Function')['Sallyport-dev/jwks']?.Metadata).not.toHaveProperty('sallyport:manifest')
})

test('outputs say where it is', () => {
  const { state, stateless, plain } = synthesized(fixture)
  expect(plain(stateless.Outputs?.['ApiUrl']?.Value)).toBe('Sallyport-dev/Api.ApiEndpoint')
  expect(plain(stateless.Outputs?.['AlarmTopic']?.Value)).toBe('Sallyport-dev/Alarms')
  expect(plain([state.Outputs?.['LedgerTable']?.Value, state.Outputs?.['KeysTable']?.Value])).toEqual(['Sallyport-dev-state/ledger-table', 'Sallyport-dev-state/keys-table'])
})

// CloudFormation then refuses to replace or delete a key, table or secret that a function still uses.
test('what the functions use of the state is imported by name, not looked up', () => {
  expect(JSON.stringify(synthesized(fixture).stateless)).not.toContain('GetStackOutput')
  expect(JSON.stringify(synthesized(fixture).stateless)).toContain('Fn::ImportValue')
})

test('two synths are the same, byte for byte', () => {
  const [one, two] = [0, 1].map(() => synthesize(construct(fixture, { alarmEmail: 'a@b.example' })))
  expect(JSON.stringify([one?.state, one?.stateless])).toBe(JSON.stringify([two?.state, two?.stateless]))
})

test('a Region changes nothing but where: the templates are the same everywhere', () => {
  const here = synthesize(construct(fixture, { env: { region: 'eu-central-1' } }))
  expect(Object.keys(here.stateless.Resources)).toEqual(Object.keys(synthesized(fixture).stateless.Resources))
})

describe('properties', () => {
  test('a permissions boundary bounds every role', () => {
    for (const [permissionsBoundary, expected] of [
      ['arn:aws:iam::123456789012:policy/Bound', 'arn:aws:iam::123456789012:policy/Bound'],
      ['Bound', 'arn:aws:iam::123456789012:policy/Bound'],
    ] as const) {
      const { all, plain } = synthesized(fixture, { permissionsBoundary })
      const roles = Object.values(all('AWS::IAM::Role'))
      expect(roles).toHaveLength(6)
      for (const { Properties } of roles) {
        const boundary: unknown = plain(Properties['PermissionsBoundary'])
        expect(typeof boundary === 'object' ? (boundary as { 'Fn::Sub': string })['Fn::Sub'].replace('${AWS::Partition}', 'aws').replace('${AWS::AccountId}', '123456789012') : boundary).toBe(expected)
      }
    }
  })

  test('memory, throttle and reserved concurrency', () => {
    const { all } = synthesized(fixture, { memory: 1_024, throttle: { rateLimit: 50, burstLimit: 75 }, reservedConcurrency: { intake: 20 } })
    const functions = all('AWS::Lambda::Function')
    expect(Object.values(functions).map(({ Properties }) => Properties['MemorySize'])).toEqual([1_024, 1_024, 1_024, 1_024, 1_024, 1_024])
    expect(Object.entries(functions).map(([path, { Properties }]) => [path, Properties['ReservedConcurrentExecutions']]).filter(([, share]) => share !== undefined)).toEqual([['Sallyport-dev/intake', 20]])
    expect(Object.values(all('AWS::ApiGatewayV2::Stage'))[0]?.Properties['DefaultRouteSettings']).toEqual({ ThrottlingBurstLimit: 75, ThrottlingRateLimit: 50 })
  })
})

test('without a key there is no keys function, and the published set is empty', () => {
  const plainRoute = pipeline({ name: 'plain', trigger: post('/plain', { auth: open('a test of nothing in particular') }), steps: flow({ kind: 'x', config: {}, needs: [], run: (payload) => payload }) })
  const definitions = { realm: fixture.realm, pipelines: [plainRoute] }
  const { all } = synthesized(definitions)
  expect(Object.keys(all('Custom::KeyPairs'))).toEqual([])
  expect(Object.keys(all('AWS::Lambda::Function'))).toEqual(['plain', 'jwks', 'fallback'].map((name) => `Sallyport-dev/${name}`))
  expect(all('AWS::Lambda::Function')['Sallyport-dev/jwks']?.Properties['Environment']).toMatchObject({ Variables: { PAIRS: '[]' } })
  expect(JSON.stringify(all('AWS::IAM::ManagedPolicy')['Sallyport-dev/jwks-Policy'])).not.toContain('dynamodb')
})

test('a pipeline that was not bundled is named', () => {
  const { functions, ...rest } = stubs(fixture)
  expect(() => construct(fixture, {}, undefined, { ...rest, functions: { ...functions, intake: undefined as never } })).toThrow('there is no function intake')
})

test('names and paths that differ little do not get into each other\'s way', () => {
  const bank = (name: string) => account(name, apiKey({ origin: { dev: 'https://a.example' } }))
  const one = (name: string, path: `/${string}`, ...accounts: string[]) => pipeline({
    name, trigger: post(path, { auth: open('a test of nothing in particular') }),
    steps: flow({ kind: 'x', config: {}, needs: accounts.map((each) => ({ resource: bank(each), actions: ['secretsmanager:GetSecretValue'] })), run: (payload) => payload }),
  })
  const { all } = synthesized({ realm: fixture.realm, pipelines: [
    one('a', '/a-b', 'a-b'), one('a-log', '/ab', 'ab'), one('a-role', '/a/b', 'a-b-policy'), one('a-policy', '/a.b'), one('a-faults', '/a_b'), one('api', '/A-b'),
    one('stage', '/stage'), one('pairs', '/pairs'), one('runtime', '/runtime'), one('alarms', '/alarms'), one('ledger', '/ledger'),
  ] })
  expect(Object.keys(all('AWS::Lambda::Function'))).toHaveLength(11 + 2)
  expect(Object.keys(all('AWS::ApiGatewayV2::Route'))).toHaveLength(11 + 2)
  expect(Object.keys(all('AWS::SecretsManager::Secret'))).toHaveLength(3)
})
