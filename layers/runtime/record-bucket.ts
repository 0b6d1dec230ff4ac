import * as aws from './aws/index.ts'
import type { Environment } from './environment.ts'
import { Fault } from './fault.ts'
import type { Found, Stored } from './records.ts'

/** What S3 says of a write that can be tried again: it met a write, an object, or the lack of the one it was to replace. */
const passing = new Set(['ConditionalRequestConflict', 'PreconditionFailed', 'NoSuchKey'])

/**
 * Puts a record where there is none, or one that has expired. False: other content stands there. What stands there is
 * compared by the fingerprint in its metadata; after a reply that was lost it is what the SDK itself has put. Throws UNAVAILABLE.
 */
export async function putObject(environment: Environment, Bucket: string, { id, sealed, fingerprint, expires }: Stored, now: number): Promise<boolean> {
  const { clock } = environment
  let condition: { readonly IfNoneMatch: '*' } | { readonly IfMatch: string | undefined } = { IfNoneMatch: '*' }
  for (let tries = 1; ; tries++) {
    const refusal = await refused(async () => (await aws.s3(environment)).put({
      Bucket, Key: id, Body: sealed, ContentType: 'application/octet-stream', Metadata: { fingerprint, expires: String(expires) }, ...condition,
    }))
    if (refusal === undefined) return true
    if (!passing.has(refusal) || tries === 4) throw new Fault('UNAVAILABLE')
    if (refusal === 'ConditionalRequestConflict') await clock.wait(20 * tries + clock.jitter(30))
    else if (refusal === 'NoSuchKey') condition = { IfNoneMatch: '*' }
    else {
      const before = await standing(environment, Bucket, id)
      if (before === undefined) condition = { IfNoneMatch: '*' }
      else if (before.expires * 1_000 > now) return before.fingerprint === fingerprint
      else condition = { IfMatch: before.etag }
    }
  }
}

/** What stands there, expired or not. Throws UNAVAILABLE, also where S3 says no more than that it is denied. */
export async function getObject(environment: Environment, Bucket: string, id: string): Promise<Found | undefined> {
  try {
    const { Body, Metadata } = await (await aws.s3(environment)).get({ Bucket, Key: id })
    return { sealed: await Body?.transformToByteArray() ?? new Uint8Array(), expires: Number(Metadata?.['expires']) }
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined
    throw new Fault('UNAVAILABLE')
  }
}

/** What stands in the way of a write, without its content. */
export async function standing(environment: Environment, Bucket: string, id: string): Promise<{ readonly fingerprint: string | undefined; readonly expires: number; readonly etag: string | undefined } | undefined> {
  try {
    const { Metadata = {}, ETag: etag } = await (await aws.s3(environment)).head({ Bucket, Key: id })
    return { fingerprint: Metadata['fingerprint'], expires: Number(Metadata['expires']), etag }
  } catch (error) {
    // A HEAD is answered without a body, so that this is all its name says.
    if ((error as Error).name === 'NotFound') return undefined
    throw new Fault('UNAVAILABLE')
  }
}

/** The name of what S3 refused it with; undefined: it was done. */
async function refused(send: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await send()
    return undefined
  } catch (error) {
    return (error as Error).name
  }
}
