import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { asFault, emit, Fault, own, problem, type HttpReply } from 'sallyport'

own()

/** Every route of the API, as infra knows them. */
const routes = JSON.parse(process.env['ROUTES'] ?? '[]') as { readonly method: string; readonly path: string }[]

/** Whether a path is one of a route: `{id}` stands for one segment. */
function isAt(route: string, path: string): boolean {
  const [wanted, given] = [route.split('/'), path.split('/')]
  return wanted.length === given.length && wanted.every((segment, i) => segment === given[i] || /^\{\w+\}$/.test(segment) && given[i] !== '')
}

/** Answers what no route takes: 405 with the methods that this path has, else 404. */
async function fallback(event: APIGatewayProxyEventV2, { awsRequestId }: Context): Promise<HttpReply> {
  const allowed = routes.filter(({ path }) => isAt(path, event.rawPath)).map(({ method }) => method)
  const fault = new Fault(allowed.length > 0 ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND')
  emit({ time: new Date().toISOString(), level: 'info', event: 'fallback', id: awsRequestId, fault: fault.code })
  return problem(fault, awsRequestId, allowed.length > 0 ? { allow: allowed.join(', ') } : {})
}

export const handler = middy<APIGatewayProxyEventV2, HttpReply>(fallback, { timeoutEarlyInMillis: 0 }).use({
  onError: (request) => { request.response = problem(asFault(request.error), request.context.awsRequestId) },
})
