import { isDeepStrictEqual } from 'node:util'
import type { World } from '../operation.ts'
import { inIndex, keyInIndex, type StoredKey, type Table } from './table.ts'
import { itemSize, type Item } from './value.ts'

/** The item under a key, or undefined. */
export function readRow(table: Table, { h, r }: StoredKey, { store }: World): Item | undefined {
  const row = store.statement('SELECT item FROM ddb_items WHERE tbl = ? AND h = ? AND r = ?').get(table.name, h, r)
  return row ? (JSON.parse(String(row['item'])) as Item) : undefined
}

const units = (size: number, each: number): number => Math.max(1, Math.ceil(size / each))
export const writeUnits = (size: number): number => units(size, 1024)
export const readUnits = (size: number, consistent: boolean): number => units(size, 4096) * (consistent ? 1 : 0.5)

/**
 * Write units by place: the table's and each touched index's. An entry that is written or removed costs one write of its
 * projected size, one that moves costs both, and one whose projected attributes stay as they were costs nothing
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes).
 */
export type Spent = { readonly table: number; readonly indexes: Readonly<Record<string, number>> }

/** Puts (or, with `next` undefined, removes) an item and its index entries, inside the caller's `store.write`. */
export function writeRow(table: Table, key: StoredKey, old: Item | undefined, next: Item | undefined, { store }: World): Spent {
  const { h, r } = key
  const indexes: Record<string, number> = {}
  for (const index of table.indexes) {
    const [before, after] = [old && keyInIndex(index, old), next && keyInIndex(index, next)]
    const moved = !before || !after || !before.h.equals(after.h) || !before.r.equals(after.r)
    const [shown, shows] = [before && old && inIndex(index, table, old), after && next && inIndex(index, table, next)]
    let spent = 0
    if (before && moved) {
      store.statement('DELETE FROM ddb_index WHERE tbl = ? AND idx = ? AND ih = ? AND ir = ? AND h = ? AND r = ?')
        .run(table.name, index.name, before.h, before.r, h, r)
      spent += writeUnits(itemSize(shown ?? {}))
    }
    if (after && moved)
      store.statement('INSERT INTO ddb_index (tbl, idx, ih, ir, h, r) VALUES (?, ?, ?, ?, ?, ?)')
        .run(table.name, index.name, after.h, after.r, h, r)
    if (after && (moved || !isDeepStrictEqual(shown, shows))) spent += writeUnits(itemSize(shows ?? {}))
    if (spent > 0) indexes[index.name] = spent
  }
  if (next)
    store.statement('INSERT INTO ddb_items (tbl, h, r, item) VALUES (?, ?, ?, ?) ON CONFLICT (tbl, h, r) DO UPDATE SET item = excluded.item')
      .run(table.name, h, r, JSON.stringify(next))
  else store.statement('DELETE FROM ddb_items WHERE tbl = ? AND h = ? AND r = ?').run(table.name, h, r)
  return { table: writeUnits(Math.max(itemSize(old ?? {}), itemSize(next ?? {}))), indexes }
}
