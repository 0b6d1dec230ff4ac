import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync, chmodSync, openSync, fsyncSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** The one database of the stand-ins, with commits shared by all requests of one event-loop turn. */
export type Store = {
  statement(sql: string): StatementSync
  /** Runs writes as one unit: all of them, or none when `work` throws. Durable once `settled()` has resolved. */
  write<T>(work: () => T): T
  /** Resolves when everything written or read so far is on the disk; rejects when the commit failed. */
  settled(): Promise<void>
  /** AES-256-GCM under the master key; `purpose` is authenticated, so that no blob can take another's place. */
  wrap(plain: Buffer, purpose: string): Buffer
  unwrap(wrapped: Uint8Array, purpose: string): Buffer
  /** HMAC-SHA-256 (hex) under the master key: what may be compared later without keeping the content. */
  digest(content: string, purpose: string): string
  close(): void
  /** How many commits there were: what group commit is measured by. */
  readonly commits: number
}

const masterKeySize = 32

function masterKey(dir: string, hasDatabase: boolean): Buffer {
  const path = join(dir, 'master.key')
  if (!existsSync(path)) {
    if (hasDatabase)
      throw new Error(`${path} is missing but the database beside it exists: what it protects cannot be opened. ` +
        `Put the file back, or remove the folder to start empty.`)
    writeFileSync(path, randomBytes(masterKeySize), { mode: 0o600, flag: 'wx' })
    // On the disk before the first key that depends on it.
    const fd = openSync(path, 'r')
    fsyncSync(fd)
    closeSync(fd)
  }
  const key = readFileSync(path)
  if (key.length !== masterKeySize) throw new Error(`${path} is not a master key: length=${key.length}`)
  chmodSync(path, 0o600)
  return key
}

function openDatabase(path: string, schema: readonly string[]): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // Exclusive: a second process on the same folder is refused instead of interleaved.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE')
    for (const sql of schema) database.exec(sql)
    database.exec('COMMIT')
  } catch (error) {
    database.close()
    if (error instanceof Error && /locked/.test(error.message)) throw new Error(`${path} is in use by another process`, { cause: error })
    throw error
  }
  return database
}

function openFolder(dir: string, schema: readonly string[]): { key: Buffer; database: DatabaseSync } {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, 'aws.sqlite')
  const key = masterKey(dir, existsSync(path))
  const database = openDatabase(path, schema)
  chmodSync(path, 0o600)
  return { key, database }
}

/** Opens (or makes) the state folder, or without one a store in memory. `schema`: CREATE statements, each harmless when repeated. */
export function openStore(dir: string | undefined, schema: readonly string[]): Store {
  const { key, database } = dir === undefined ? { key: randomBytes(masterKeySize), database: openDatabase(':memory:', schema) } : openFolder(dir, schema)

  const statements = new Map<string, StatementSync>()
  let turn: Promise<void> | undefined
  let commits = 0

  // The first write of a turn opens the transaction; the COMMIT runs when the turn's requests have all been executed.
  function begin(): void {
    if (turn) return
    database.exec('BEGIN IMMEDIATE')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    turn = promise
    promise.catch(() => undefined)
    setImmediate(() => {
      turn = undefined
      try {
        database.exec('COMMIT')
        commits += 1
        resolve()
      } catch (error) {
        if (database.isOpen && database.isTransaction) database.exec('ROLLBACK')
        reject(error instanceof Error ? error : new Error('commit failed'))
      }
    })
  }

  return {
    statement(sql) {
      let found = statements.get(sql)
      if (!found) statements.set(sql, (found = database.prepare(sql)))
      return found
    },
    write(work) {
      begin()
      database.exec('SAVEPOINT unit')
      try {
        const result = work()
        database.exec('RELEASE unit')
        return result
      } catch (error) {
        database.exec('ROLLBACK TO unit; RELEASE unit')
        throw error
      }
    },
    settled: () => turn ?? Promise.resolve(),
    wrap(plain, purpose) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(Buffer.from(purpose))
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    unwrap(wrapped, purpose) {
      const blob = Buffer.from(wrapped)
      const open = createDecipheriv('aes-256-gcm', key, blob.subarray(0, 12), { authTagLength: 16 })
        .setAAD(Buffer.from(purpose))
        .setAuthTag(blob.subarray(-16))
      return Buffer.concat([open.update(blob.subarray(12, -16)), open.final()])
    },
    digest(content, purpose) {
      const own = createHmac('sha256', key).update(`digest/${purpose}`).digest()
      return createHmac('sha256', own).update(content).digest('hex')
    },
    close() {
      if (!database.isOpen) return
      if (database.isTransaction) database.exec('COMMIT')
      database.close()
    },
    get commits() {
      return commits
    },
  }
}
