import { createHash, createHmac } from 'node:crypto'

/** Whose signature, and for which service. */
export interface Signer {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
  readonly service: string
}

export interface SignedInit {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const encoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** A request for `fetch`, signed with SigV4: our own outside client, which shares no code with what verifies it. */
export function signed(url: string, { method, headers = {}, body }: { method: string; headers?: Readonly<Record<string, string>>; body: string }, signer: Signer, now = new Date()): SignedInit {
  const { host, pathname, searchParams } = new URL(url)
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const isS3 = signer.service === 's3'
  const all: Record<string, string> = { host, 'x-amz-date': stamp, ...isS3 && { 'x-amz-content-sha256': sha256(body) }, ...signer.sessionToken === undefined ? {} : { 'x-amz-security-token': signer.sessionToken } }
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value.trim()
  const names = Object.keys(all).sort()
  const query = [...searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort().join('&')
  // S3 does not encode the path once more, and signs what that header says of the body.
  const path = pathname.split('/').map((part) => encoded(isS3 ? decodeURIComponent(part) : part)).join('/')
  const canonical = [method, path, query, ...names.map((name) => `${name}:${all[name]}`), '', names.join(';'), isS3 ? all['x-amz-content-sha256'] : sha256(body)].join('\n')
  const scope = [stamp.slice(0, 8), signer.region, signer.service, 'aws4_request']
  const key = scope.reduce<Buffer | string>(hmac, `AWS4${signer.secretAccessKey}`)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', stamp, scope.join('/'), sha256(canonical)].join('\n')).toString('hex')
  const { host: _, ...sent } = all
  return {
    method, body,
    headers: { ...sent, authorization: `AWS4-HMAC-SHA256 Credential=${signer.accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}` },
  }
}
