import type { World } from '../operation.ts'
import type { Encryption } from './bucket.ts'
import type { Checksum } from './payload.ts'

/** An object without its content. */
export type StoredObject = {
  /** Quoted MD5 in hex. */
  readonly etag: string
  /** Bytes. */
  readonly size: number
  /** Epoch seconds. */
  readonly modified: number
  /** `content-type` and its like, and the caller's own `x-amz-meta-` headers: given back as they came. */
  readonly headers: Readonly<Record<string, string>>
  readonly checksum?: Checksum
  readonly encryption: Encryption
}

export function findObject(bucket: string, key: string, { store }: World): StoredObject | undefined {
  const row = store.statement('SELECT doc FROM s3_objects WHERE bucket = ? AND key = ?').get(bucket, Buffer.from(key))
  return row ? JSON.parse(String(row['doc'])) as StoredObject : undefined
}

export function contentOf(bucket: string, key: string, { store }: World): Buffer {
  const row = store.statement('SELECT content FROM s3_objects WHERE bucket = ? AND key = ?').get(bucket, Buffer.from(key))
  return row?.['content'] instanceof Uint8Array ? Buffer.from(row['content']) : Buffer.alloc(0)
}

export function saveObject(bucket: string, key: string, object: StoredObject, content: Buffer, { store }: World): void {
  store.statement('INSERT INTO s3_objects (bucket, key, doc, content) VALUES (?, ?, ?, ?) ON CONFLICT (bucket, key) DO UPDATE SET doc = excluded.doc, content = excluded.content')
    .run(bucket, Buffer.from(key), JSON.stringify(object), content)
}

export function removeObject(bucket: string, key: string, { store }: World): void {
  store.statement('DELETE FROM s3_objects WHERE bucket = ? AND key = ?').run(bucket, Buffer.from(key))
}

/** The objects whose keys begin with `prefix` and come behind `after`, in the order of their bytes. */
export function listObjects(bucket: string, { prefix, after, limit }: { prefix: string; after: string; limit: number }, { store }: World): readonly { key: string; object: StoredObject }[] {
  const start = Buffer.from(prefix)
  return store.statement('SELECT key, doc FROM s3_objects WHERE bucket = ? AND key > ? AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?')
    .all(bucket, Buffer.from(after), start.length, start, limit)
    .map((row) => ({ key: Buffer.from(row['key'] as Uint8Array).toString(), object: JSON.parse(String(row['doc'])) as StoredObject }))
}
