import { findTable, keyOfItem } from './dynamodb/table.ts'
import { writeRow } from './dynamodb/rows.ts'
import { attribute, type Item } from './dynamodb/value.ts'
import type { World } from './operation.ts'
import { findBucket } from './s3/bucket.ts'
import { expiryOf } from './s3/lifecycle.ts'
import { listObjects, removeObject } from './s3/object.ts'

const everyMs = 1000

function sweepTable(name: string, world: World): void {
  const table = findTable(name, world)
  const ttl = table?.ttl
  if (!table || ttl === undefined) return
  const now = world.now() / 1000
  for (const row of world.store.statement('SELECT item FROM ddb_items WHERE tbl = ?').all(name)) {
    const item = JSON.parse(String(row['item'])) as Item
    const expiry = attribute(item, ttl)
    if (expiry && 'N' in expiry && Number(expiry.N) <= now) writeRow(table, keyOfItem(table.keys, item), item, undefined, world)
  }
}

function sweepBucket(name: string, world: World): void {
  const bucket = findBucket(name, world)
  if (!bucket) return
  for (const { key, object } of listObjects(name, { prefix: '', after: '', limit: -1 }, world)) {
    const expiry = expiryOf(key, object.modified, bucket)
    if (expiry && expiry.at <= world.now() / 1000) removeObject(name, key, world)
  }
}

/** Deletes expired items and objects every second; returns how to stop. */
export function sweep(world: World): () => void {
  const timer = setInterval(() => world.store.write(() => {
    for (const row of world.store.statement('SELECT name FROM ddb_tables').all()) sweepTable(String(row['name']), world)
    for (const row of world.store.statement('SELECT name FROM s3_buckets').all()) sweepBucket(String(row['name']), world)
  }), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
