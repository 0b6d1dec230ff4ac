import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { evaluate } from '../aws/iam.ts'
import type { Principal } from '../aws/principals.ts'
import { verify } from '../aws/sigv4.ts'
import { joinedHeaders, readBody, target } from '../gateway/request.ts'
import { payloadLimit, type Outcome } from './function.ts'

export interface InvokeApi {
  readonly url: string
  close(): void
}

interface Said { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string }

const refused = (status: number, type: string, message: string): Said => ({ status, headers: { 'x-amzn-errortype': type }, body: JSON.stringify({ Type: 'User', Message: message }) })

/**
 * `Invoke` of Lambda (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html) for functions of ours that ask others:
 * signed, and allowed by the caller's policies. A call that waits for its answer, and no other.
 */
export async function invokeApi({ region, account, principals, invoke }: {
  readonly region: string
  readonly account: string
  readonly principals: (accessKeyId: string) => Principal | undefined
  readonly invoke: (name: string, event: string) => Promise<Outcome>
}): Promise<InvokeApi> {
  async function answer(request: IncomingMessage): Promise<Said> {
    const parts = target(request.url ?? '/')
    const [, name] = /^\/2015-03-31\/functions\/([\w-]{1,64})\/invocations$/.exec(parts?.path ?? '') ?? []
    if (request.method !== 'POST' || parts === undefined || name === undefined) return refused(404, 'ResourceNotFoundException', 'There is no such operation here.')
    const body = await readBody(request, payloadLimit)
    if (body === undefined) return refused(413, 'RequestTooLargeException', `Request must be smaller than ${payloadLimit} bytes for the InvokeFunction operation`)
    const headers = joinedHeaders(request.rawHeaders)
    const verdict = verify({ method: 'POST', rawPath: parts.rawPath, rawQuery: parts.rawQuery, headers, body, now: new Date(), service: 'lambda', region }, principals)
    const principal = verdict.ok ? principals(verdict.accessKeyId) : undefined
    const resource = `arn:aws:lambda:${region}:${account}:function:${name}`
    const allowed = principal !== undefined && evaluate({
      action: 'lambda:InvokeFunction', resource, principalArn: principal.arn, identity: principal.policies, ...principal.boundary && { boundary: principal.boundary },
      context: { 'aws:PrincipalArn': principal.arn, 'aws:PrincipalAccount': account, 'aws:RequestedRegion': region, 'aws:SecureTransport': 'true' },
    }).allowed
    if (!allowed) return refused(403, 'AccessDeniedException', `User: ${principal?.arn ?? 'unknown'} is not authorized to perform: lambda:InvokeFunction on resource: ${resource}`)
    if ((headers['x-amz-invocation-type'] ?? 'RequestResponse') !== 'RequestResponse') return refused(400, 'InvalidParameterValueException', 'The local run waits for the answer: InvocationType RequestResponse.')
    let outcome: Outcome
    try {
      outcome = await invoke(name, body.length === 0 ? '{}' : body.toString())
    } catch {
      return refused(404, 'ResourceNotFoundException', `Function not found: ${resource}`)
    }
    if (outcome.ok) return { status: 200, body: outcome.payload }
    return { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body: JSON.stringify({ errorMessage: outcome.message }) }
  }

  const server = createServer((request, response) => {
    answer(request).then(({ status, headers, body }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
    }, () => response.destroy())
  })
  server.requestTimeout = 0
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
