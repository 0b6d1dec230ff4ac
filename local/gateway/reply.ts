/** What goes back to the client. A header may have several values. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: Buffer
}

/** A reply of the gateway itself, in AWS' words. */
export const own = (status: number, message: string): Reply => ({
  status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ message })),
})

export const refusals = {
  badRequest: own(400, 'Bad Request'),
  forbidden: own(403, 'Forbidden'),
  notFound: own(404, 'Not Found'),
  tooLarge: own(413, 'Request Entity Too Large'),
  headersTooLarge: own(431, 'Request Header Fields Too Large'),
  failed: own(500, 'Internal Server Error'),
  unavailable: own(503, 'Service Unavailable'),
} as const

/** Set by the gateway or by the connection, whatever a function says. */
const reserved = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade', 'date', 'apigw-requestid'])

const isScalar = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value)

/** Node refuses them with an exception; API Gateway with a 500. */
const isHeader = (name: string, value: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[^\t\x20-\x7e\x80-\xff]/.test(value)

/**
 * Reads what a function replied, payload format 2.0: an object with `statusCode` is a reply, anything else the JSON body of
 * a 200. What cannot be read is `undefined`, which the client sees as 500.
 */
export function readReply(payload: string): Reply | undefined {
  let value: unknown
  try {
    value = JSON.parse(payload)
  } catch {
    return undefined
  }
  if (value === null || typeof value !== 'object' || !('statusCode' in value)) {
    // A text is the body itself, not its JSON.
    const body = typeof value === 'string' ? value : JSON.stringify(value)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) }
  }
  const { statusCode, headers = {}, body = '', cookies = [], isBase64Encoded = false } = value as Record<string, unknown>
  const status = Number(statusCode)
  if (!Number.isInteger(status) || status < 200 || status > 599) return undefined
  if (typeof headers !== 'object' || !(body === null || isScalar(body)) || !Array.isArray(cookies)) return undefined

  const sent: Record<string, string | readonly string[]> = { 'content-type': 'text/plain; charset=utf-8' }
  for (const [name, content] of Object.entries(headers ?? {})) {
    const lower = name.toLowerCase()
    if (!isScalar(content) || !isHeader(lower, String(content))) return undefined
    if (!reserved.has(lower)) sent[lower] = String(content)
  }
  const given = cookies.map(String)
  if (!given.every((cookie) => isHeader('set-cookie', cookie))) return undefined
  if (given.length > 0) sent['set-cookie'] = given
  const content = body === null ? '' : String(body)
  return { status, headers: sent, body: isBase64Encoded === true ? Buffer.from(content, 'base64') : Buffer.from(content) }
}
