import { randomBytes } from 'node:crypto'
import type { Caller } from './authorize.ts'
import type { Received } from './request.ts'
import type { Matched } from './route.ts'

/** Where the event says that it comes from. */
export interface Api {
  readonly id: string
  readonly account: string
  readonly region: string
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `12/Mar/2020:19:03:58 +0000` */
function clock(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${two(at.getUTCDate())}/${months[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`
}

/** What API Gateway passes as text. Everything else is base64, form data and `application/jose` too. */
export function isText(contentType: string | undefined): boolean {
  const type = (contentType ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? ''
  return type.startsWith('text/') || type.endsWith('+json') || ['application/json', 'application/javascript', 'application/xml'].includes(type)
}

/** Between two hops only; and cookies, which have a member of their own. */
const dropped = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'expect', 'cookie'])

const decoded = (text: string): string => {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

function query(raw: string): Record<string, string> | undefined {
  const joined: Record<string, string> = Object.create(null) as Record<string, string>
  for (const pair of raw.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = decoded(at < 0 ? pair : pair.slice(0, at))
    const value = at < 0 ? '' : decoded(pair.slice(at + 1))
    joined[name] = name in joined ? `${joined[name]},${value}` : value
  }
  return Object.keys(joined).length === 0 ? undefined : joined
}

/** UTF-8 as API Gateway makes it of a text body: what is no UTF-8 becomes U+FFFD, and the function cannot tell. */
const text = (body: Buffer): string => body.toString('utf8')

/**
 * The event of payload format 2.0; `segments`: what the path says for the route's parameter. From captures published by others, and AWS' documentation:
 * - `rawPath` and `http.path` are percent-decoded, and end at a decoded `?`; `rawQueryString` stays encoded;
 * - members without content (`body`, `cookies`, `queryStringParameters`, `pathParameters`) are left out, not null;
 * - a body without a content type is passed as text/plain;
 * - `authorizer.iam` has every member, null where it does not apply. The stage `$default` adds no path.
 * Not known: whether the `authorization` header of a signed call is passed on. Here it is, so that functions must bear it.
 */
export function httpEvent(received: Received, routeKey: string, api: Api, caller: Caller | undefined, requestId: string, now: Date, segments?: Matched['parameters']): object {
  const { method, headers, body, rawQuery, sourceIp, protocol } = received
  const path = received.path.split('?')[0] ?? ''
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) if (!dropped.has(name)) passed[name] = value
  passed['content-length'] = String(body.length)
  if (body.length > 0) passed['content-type'] ??= 'text/plain; charset=utf-8'
  // What a client writes into these is overwritten or appended to: the address is the socket's.
  passed['x-forwarded-for'] = headers['x-forwarded-for'] === undefined ? sourceIp : `${headers['x-forwarded-for']}, ${sourceIp}`
  passed['x-forwarded-port'] = '443'
  passed['x-forwarded-proto'] = 'https'
  passed['x-amzn-trace-id'] = `Root=1-${Math.floor(now.getTime() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`
  const cookies = headers['cookie']?.split(/[;,]\s*/).filter((cookie) => cookie !== '')
  const asText = isText(headers['content-type'])
  const parameters = query(rawQuery)
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: rawQuery,
    ...cookies === undefined || cookies.length === 0 ? {} : { cookies },
    headers: passed,
    ...parameters === undefined ? {} : { queryStringParameters: parameters },
    requestContext: {
      accountId: api.account,
      apiId: api.id,
      ...caller === undefined ? {} : { authorizer: { iam: {
        accessKey: caller.accessKeyId,
        accountId: api.account,
        callerId: caller.id,
        cognitoIdentity: null,
        principalOrgId: null,
        userArn: caller.arn,
        userId: caller.id,
      } } },
      domainName: `${api.id}.execute-api.${api.region}.amazonaws.com`,
      domainPrefix: api.id,
      http: { method, path, protocol, sourceIp, userAgent: headers['user-agent'] ?? '' },
      requestId,
      routeKey,
      stage: '$default',
      time: clock(now),
      timeEpoch: now.getTime(),
    },
    ...segments === undefined ? {} : { pathParameters: segments },
    ...body.length === 0 ? {} : { body: asText ? text(body) : body.toString('base64') },
    isBase64Encoded: body.length > 0 && !asText,
  }
}
