import { rmSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'
import type { World } from '../../../../local/aws/operation.ts'
import { saveBucket, type Bucket } from '../../../../local/aws/s3/bucket.ts'
import { expiryOf } from '../../../../local/aws/s3/lifecycle.ts'
import { listObjects, saveObject } from '../../../../local/aws/s3/object.ts'
import { schemas } from '../../../../local/aws/services.ts'
import { openStore } from '../../../../local/aws/store.ts'
import { startAws } from '../../../../local/aws/server.ts'
import { sweep } from '../../../../local/aws/sweep.ts'
import { account, configIn, region, tempDir } from '../harness.ts'
import { inEurope, s3 } from './client.ts'

afterEach(() => { vi.useRealTimers() })

const seconds = (text: string): number => new Date(text).getTime() / 1000
const encryption = { algorithm: 'AES256', bucketKey: false } as const
const bucket: Bucket = {
  name: 'boxes', created: 0, encryption,
  rules: [{ id: 'three', enabled: true, prefix: '', days: 3 }, { id: 'one', enabled: true, prefix: 'in/', days: 1 }, { id: 'off', enabled: false, prefix: '', days: 1 }],
}

test('a restart keeps buckets and objects', async () => {
  const dir = tempDir()
  const first = await startAws(configIn(dir))
  await s3(first.port)({ method: 'PUT', path: '/boxes', body: inEurope })
  await s3(first.port)({ method: 'PUT', path: '/boxes/a', body: 'kept' })
  await first.close()
  const second = await startAws(configIn(dir))
  expect((await s3(second.port)({ path: '/boxes/a' })).text).toBe('kept')
  await second.close()
  rmSync(dir, { recursive: true, force: true })
})

test('an expiry is the next midnight after the days', () => {
  // The example of the S3 User Guide, "Lifecycle rules: based on an object's age".
  expect(expiryOf('x', seconds('2014-01-15T10:30:00Z'), bucket)).toEqual({ at: seconds('2014-01-19T00:00:00Z'), rule: 'three' })
  expect(expiryOf('in/x', seconds('2014-01-15T10:30:00Z'), bucket)).toEqual({ at: seconds('2014-01-17T00:00:00Z'), rule: 'one' })
})

test('what has expired is swept, where sweeping is asked for', () => {
  vi.useFakeTimers()
  const store = openStore(undefined, schemas)
  const world: World = { region, account, store, now: () => seconds('2014-01-18T00:00:00Z') * 1000 }
  const object = { etag: '""', size: 0, modified: seconds('2014-01-15T10:30:00Z'), headers: {}, encryption }
  store.write(() => {
    saveBucket(bucket, world)
    for (const key of ['in/gone', 'stays']) saveObject('boxes', key, object, Buffer.alloc(0), world)
  })
  const stop = sweep(world)
  vi.advanceTimersByTime(1000)
  stop()
  expect(listObjects('boxes', { prefix: '', after: '', limit: 10 }, world).map(({ key }) => key)).toEqual(['stays'])
  store.close()
})
