import { createHash } from 'node:crypto'
import type { Endpoint } from './clients.ts'
import { signed } from './signed-fetch.ts'
import { bucketsOf, type WantedBucket, type WantedRule } from './template/buckets.ts'
import type { Template } from './template/template.ts'

type Answer = { readonly status: number; readonly code: string }

/** One request about a bucket, in path style. `subresource`: such as `?policy=`. */
async function ask({ url, region, credentials }: Endpoint, method: string, bucket: string, subresource = '', body = ''): Promise<Answer> {
  const target = new URL(`/${bucket}${subresource}`, url).href
  const headers = { 'content-type': 'application/xml', 'content-md5': createHash('md5').update(body).digest('base64') }
  const { body: content, ...rest } = signed(target, { method, headers: body === '' ? {} : headers, body }, { ...credentials, region, service: 's3' })
  const response = await fetch(target, { ...rest, ...body !== '' && { body: content } })
  return { status: response.status, code: /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] ?? '' }
}

async function put(endpoint: Endpoint, bucket: string, subresource: string, body: string): Promise<void> {
  const { status, code } = await ask(endpoint, 'PUT', bucket, subresource, body)
  if (status >= 300) throw new Error(`bucket ${bucket}: S3 refused ${subresource === '' ? 'to make it' : `its ${subresource.replace(/\W/g, '')}`} (${status} ${code})`)
}

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`
const text = (value: string): string => value.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`)
const document = (name: string, content: string): string => `<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`

const lifecycleRule = ({ id, enabled, prefix, days, abortDays }: WantedRule): string => element('Rule', [
  id === undefined ? '' : element('ID', text(id)),
  element('Filter', element('Prefix', text(prefix))),
  element('Status', enabled ? 'Enabled' : 'Disabled'),
  days === undefined ? '' : element('Expiration', element('Days', String(days))),
  abortDays === undefined ? '' : element('AbortIncompleteMultipartUpload', element('DaysAfterInitiation', String(abortDays))),
].join(''))

const encryptionRule = ({ algorithm, key, bucketKey }: NonNullable<WantedBucket['encryption']>): string => element('Rule', [
  element('ApplyServerSideEncryptionByDefault', element('SSEAlgorithm', text(algorithm)) + (key === undefined ? '' : element('KMSMasterKeyID', text(key)))),
  element('BucketKeyEnabled', String(bucketKey)),
].join(''))

async function make(endpoint: Endpoint, name: string): Promise<void> {
  const { status } = await ask(endpoint, 'HEAD', name)
  if (status === 200) return
  if (status !== 404) throw new Error(`bucket ${name}: S3 does not let us see it (${status}); its name may be somebody else's`)
  // us-east-1 is the one Region that is not named.
  const place = endpoint.region === 'us-east-1' ? '' : document('CreateBucketConfiguration', element('LocationConstraint', endpoint.region))
  await put(endpoint, name, '', place)
}

/** Creates the template's buckets where they are missing; encryption, lifecycle rules and policies are put at every start. */
export async function provisionBuckets(template: Template, endpoint: Endpoint): Promise<void> {
  for (const { name, rules, encryption, policy } of bucketsOf(template)) {
    await make(endpoint, name)
    if (encryption) await put(endpoint, name, '?encryption=', document('ServerSideEncryptionConfiguration', encryptionRule(encryption)))
    if (rules.length > 0) await put(endpoint, name, '?lifecycle=', document('LifecycleConfiguration', rules.map(lifecycleRule).join('')))
    const wanted = policy()
    if (wanted) await put(endpoint, name, '?policy=', JSON.stringify(wanted))
  }
}
