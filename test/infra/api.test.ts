import { expect, test } from 'vitest'
import { fixture, synthesized } from './synthesized.ts'

const { all, plain } = synthesized(fixture)
const properties = (type: string): Record<string, unknown>[] => plain(Object.values(all(type)).map(({ Properties }) => Properties))

test('each route has the authorization its definition says, and its own function', () => {
  const functions = new Map(Object.entries(all('AWS::ApiGatewayV2::Integration')).map(([path, { Properties }]) => [path, Properties['IntegrationUri'] as unknown]))
  expect(properties('AWS::ApiGatewayV2::Route').map(({ RouteKey, AuthorizationType, Target }) => [RouteKey, AuthorizationType, plain(functions.get(String(Target).replace('integrations/', '')))])).toEqual([
    ['POST /intake', 'AWS_IAM', 'Sallyport-dev/intake.Arn'],
    ['POST /vault', 'NONE', 'Sallyport-dev/vault-intake.Arn'],
    ['GET /.well-known/jwks.json', 'NONE', 'Sallyport-dev/jwks.Arn'],
    ['$default', 'NONE', 'Sallyport-dev/fallback.Arn'],
  ])
  for (const { PayloadFormatVersion, IntegrationType } of properties('AWS::ApiGatewayV2::Integration')) expect([PayloadFormatVersion, IntegrationType]).toEqual(['2.0', 'AWS_PROXY'])
})

test('the API may invoke a function through its own route alone', () => {
  expect(properties('AWS::Lambda::Permission').map(({ FunctionName, SourceArn, Principal, Action }) => [FunctionName, String(SourceArn).split(':').at(-1), Principal, Action])).toEqual([
    // The rules by which the ledger is swept, and keys are looked at once a day.
    ['Sallyport-dev/ledger.Arn', 'Sallyport-dev/Sweep.Arn', 'events.amazonaws.com', 'lambda:InvokeFunction'],
    ['Sallyport-dev/keys.Arn', 'Sallyport-dev/Rotation.Arn', 'events.amazonaws.com', 'lambda:InvokeFunction'],
    ...[
    ['intake', 'POST/intake'], ['vault-intake', 'POST/vault'], ['jwks', 'GET/.well-known/jwks.json'], ['fallback', '$default'],
  ].map(([name, route]) => [`Sallyport-dev/${name}.Arn`, `Sallyport-dev/Api/*/${route}`, 'apigateway.amazonaws.com', 'lambda:InvokeFunction']),
  ])
})

test('the stage throttles, and its access log holds no path, query, address or header', () => {
  const [stage] = properties('AWS::ApiGatewayV2::Stage') as [{ StageName: string; AutoDeploy: boolean; DefaultRouteSettings: object; AccessLogSettings: { Format: string; DestinationArn: string } }]
  expect(stage).toMatchObject({ StageName: '$default', AutoDeploy: true, DefaultRouteSettings: { ThrottlingBurstLimit: 500, ThrottlingRateLimit: 500 } })
  expect(Object.values(JSON.parse(stage.AccessLogSettings.Format) as object)).toEqual([
    '$context.requestTimeEpoch', '$context.requestId', '$context.routeKey', '$context.status', '$context.identity.userArn', '$context.error.responseType',
    '$context.integrationStatus', '$context.requestLength', '$context.responseLength', '$context.responseLatency', '$context.integrationLatency',
  ])
  expect(stage.AccessLogSettings.DestinationArn).toBe('Sallyport-dev/AccessLog.Arn')
})

test('functions: arm64, the layer, JSON logs into a group that is there before they are', () => {
  const functions = Object.entries(all('AWS::Lambda::Function'))
  expect(functions.map(([path]) => path)).toEqual(['intake', 'vault-intake', 'jwks', 'keys', 'ledger', 'fallback'].map((name) => `Sallyport-dev/${name}`))
  for (const [path, { Properties }] of functions) {
    const name = path.replace('Sallyport-dev/', '')
    expect(plain(Properties)).toMatchObject({
      FunctionName: `Sallyport-dev-${name}`, Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler', MemorySize: 512,
      Role: `Sallyport-dev/${name}-Role.Arn`, LoggingConfig: { LogFormat: 'JSON', LogGroup: `Sallyport-dev/${name}-Log` },
      Timeout: { intake: 15, 'vault-intake': 20, jwks: 10, keys: 60, ledger: 60, fallback: 5 }[name],
    })
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(plain(Properties['Layers'])).toEqual(['Sallyport-dev/Runtime'])
  }
})
