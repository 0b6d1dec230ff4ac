import { signed } from '../../../../local/signed-fetch.ts'
import { credentialsOf, region } from '../harness.ts'

export interface Sent {
  readonly method?: string
  /** Encoded, with the bucket. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Changes what was signed. */
  readonly change?: (headers: Record<string, string>) => void
  readonly as?: string
  readonly inRegion?: string
  readonly at?: Date
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** `Code` of an error. */
  readonly code: string | undefined
}

/** Signs and sends requests to S3 by hand, so that tests say what stands on the wire. */
export const s3 = (port: number) => async ({ method = 'GET', path, headers = {}, body = '', change, as = 'admin', inRegion = region, at }: Sent): Promise<Answer> => {
  const url = `http://127.0.0.1:${port}${path}`
  const request = signed(url, { method, headers, body }, { ...credentialsOf(as), region: inRegion, service: 's3' }, at)
  const sent = { ...request.headers }
  change?.(sent)
  const response = await fetch(url, { method, headers: sent, ...body !== '' && { body: Buffer.from(body) } })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, code: /<Error><Code>([^<]+)</.exec(text)?.[1] }
}

/** Element contents in an answer, in order. */
export const elements = (text: string, name: string): string[] => [...text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, value]) => value ?? '')

export const inEurope = `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`
