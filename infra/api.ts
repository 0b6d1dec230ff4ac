import { Aws } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import { CfnIntegration, CfnRoute, HttpApi, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2'
import { CfnPermission, type IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { keptLog, type Keeping } from './logs.ts'
import type { Names } from './names.ts'

export interface Route {
  /** `POST /payments`, or `$default` for whatever no other route takes. */
  readonly key: string
  readonly authorization: 'AWS_IAM' | 'NONE'
  readonly to: IFunction
}

export interface Throttle {
  readonly rateLimit: number
  readonly burstLimit: number
}

/** No path, query or address: a sender may put anything there, and `routeKey` says which door it was. */
const fields = {
  time: '$context.requestTimeEpoch', requestId: '$context.requestId', routeKey: '$context.routeKey', status: '$context.status',
  caller: '$context.identity.userArn', refused: '$context.error.responseType', integrationStatus: '$context.integrationStatus',
  requestBytes: '$context.requestLength', responseBytes: '$context.responseLength', ms: '$context.responseLatency', integrationMs: '$context.integrationLatency',
}

/** The HTTP API: its routes, its access log, and who may invoke which function through which route. */
export function httpApi(scope: Construct, { names, routes, throttle, keeping }: {
  readonly names: Names
  readonly routes: readonly Route[]
  readonly throttle: Throttle
  readonly keeping: Keeping
}): HttpApi {
  const api = new HttpApi(scope, 'Api', { apiName: names.prefix, description: `Doors of ${names.prefix}`, createDefaultStage: false })
  new HttpStage(scope, 'Stage', {
    httpApi: api, stageName: '$default', autoDeploy: true, throttle,
    accessLogSettings: {
      destination: new LogGroupLogDestination(keptLog(scope, 'AccessLog', names.accessLog, keeping)),
      format: AccessLogFormat.custom(JSON.stringify(fields)),
    },
  })
  for (const { key, authorization, to } of routes) {
    // A colon is in no path: `/a-b`, `/a/b` and `/ab` stay three.
    const route = new Construct(scope, key.replaceAll('/', ':'))
    const integration = new CfnIntegration(route, 'Integration', {
      apiId: api.apiId, integrationType: 'AWS_PROXY', integrationUri: to.functionArn, payloadFormatVersion: '2.0',
    })
    new CfnRoute(route, 'Route', { apiId: api.apiId, routeKey: key, authorizationType: authorization, target: `integrations/${integration.ref}` })
    new CfnPermission(route, 'Permission', {
      action: 'lambda:InvokeFunction', functionName: to.functionArn, principal: 'apigateway.amazonaws.com',
      sourceArn: `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${api.apiId}/*/${key.replace(' ', '')}`,
    })
  }
  return api
}
