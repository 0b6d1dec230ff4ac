import { covers } from '../aws/iam-pattern.ts'
import type { Route } from '../gateway/route.ts'
import type { Template } from './template.ts'

/** The one HTTP API of the template and where its routes lead. */
export function apiOf(template: Template): { readonly id: string; readonly routes: readonly Route[] } {
  const [api, ...others] = template.ofType('AWS::ApiGatewayV2::Api')
  if (api === undefined || others.length > 0) throw new Error('the local run wants one HTTP API in the template')
  const functions = new Map(template.ofType('AWS::Lambda::Function').map((found) => [template.att(found, 'Arn'), template.ref(found)]))
  const integrations = new Map(template.ofType('AWS::ApiGatewayV2::Integration').map((found) => {
    const { IntegrationType, PayloadFormatVersion, IntegrationUri } = template.properties(found)
    if (IntegrationType !== 'AWS_PROXY' || PayloadFormatVersion !== '2.0') throw new Error(`integration ${found.id}: the local run knows AWS_PROXY with payload 2.0`)
    const name = functions.get(String(IntegrationUri))
    if (name === undefined) throw new Error(`integration ${found.id} leads to no function of the template`)
    return [`integrations/${template.ref(found)}`, name]
  }))
  const permissions = template.ofType('AWS::Lambda::Permission').map((found) => template.properties(found))
  const mayInvoke = (key: string, target: string): boolean => permissions.some(({ Action, Principal, FunctionName, SourceArn }) =>
    Action === 'lambda:InvokeFunction' && Principal === 'apigateway.amazonaws.com'
    && (functions.get(String(FunctionName)) ?? FunctionName) === target
    && covers(String(SourceArn), `arn:aws:execute-api:${template.region}:${template.account}:${template.ref(api)}/$default/${key.replace(' ', '')}`, {}))
  const routes = template.ofType('AWS::ApiGatewayV2::Route').map((found): Route => {
    const { RouteKey, AuthorizationType = 'NONE', Target } = template.properties(found)
    const key = String(RouteKey)
    const target = integrations.get(String(Target))
    if (target === undefined) throw new Error(`route ${key} has no integration`)
    if (AuthorizationType !== 'NONE' && AuthorizationType !== 'AWS_IAM') throw new Error(`route ${key}: the local run does not know authorization ${String(AuthorizationType)}`)
    // On AWS such a route answers 500 to everyone.
    if (!mayInvoke(key, target)) throw new Error(`route ${key}: no permission of the template lets API Gateway invoke ${target}`)
    return { key, auth: AuthorizationType, function: target }
  })
  return { id: template.ref(api), routes }
}
