import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CreateTableCommand, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand, TransactWriteItemsCommand, type AttributeValue, type CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import { CreateAliasCommand, CreateKeyCommand, DecryptCommand, EncryptCommand, GenerateMacCommand } from '@aws-sdk/client-kms'
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startAws } from '../../../local/aws/server.ts'
import { openStore } from '../../../local/aws/store.ts'
import { clientsFor, configIn, rawRequest, refusalName, standIn, tempDir, token } from './harness.ts'

const main = join(import.meta.dirname, '../../../local/aws/main.ts')
const running: ChildProcess[] = []
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')))

async function start(dir: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(main, { env: { ...process.env, SALLYPORT_AWS: JSON.stringify(configIn(dir)) }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  running.push(child)
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return { child, port: message.port }
}

const gone = async (child: ChildProcess): Promise<number | string | null> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? child.signalCode
}

const table: CreateTableCommandInput = {
  TableName: 'ledger', BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }, { AttributeName: 'g', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [{ IndexName: 'by-g', KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } }],
}
const createTable = () => new CreateTableCommand(table)

let dir: string
beforeAll(() => {
  dir = tempDir()
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the process', () => {
  test('ends on SIGTERM and with its parent, within a second', async () => {
    const first = await start(dir)
    const asked = Date.now()
    first.child.kill('SIGTERM')
    expect(await gone(first.child)).toBe(0)
    const second = await start(dir)
    second.child.disconnect()
    expect(await gone(second.child)).toBe(0)
    expect(Date.now() - asked).toBeLessThan(3000)
  })

  test('without a parent it prints its port; without a configuration it says so', async () => {
    const child = spawn(process.execPath, [main], { env: { ...process.env, SALLYPORT_AWS: JSON.stringify(configIn(dir)) }, stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(child)
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    expect(JSON.parse(line.toString())).toEqual({ port: expect.any(Number) })
    child.kill('SIGTERM')
    await gone(child)

    const lost = spawn(process.execPath, [main], { env: { ...process.env, SALLYPORT_AWS: '' }, stdio: ['ignore', 'ignore', 'pipe'] })
    const [said] = (await once(lost.stderr, 'data')) as [Buffer]
    expect(said.toString()).toBe('SALLYPORT_AWS is not a JSON object\n')
    expect(await gone(lost)).toBe(1)
  })

  test('a restart keeps tables, items, tokens, keys, aliases and secrets', async () => {
    const first = await start(dir)
    const before = clientsFor(first.port)
    await before.dynamodb.send(createTable())
    const transaction = { ClientRequestToken: 'kept', TransactItems: [{ Put: { TableName: 'ledger', Item: { id: { S: 'a' } }, ConditionExpression: 'attribute_not_exists(id)' } }] }
    await before.dynamodb.send(new TransactWriteItemsCommand(transaction))
    const { KeyMetadata } = await before.kms.send(new CreateKeyCommand({}))
    await before.kms.send(new CreateAliasCommand({ AliasName: 'alias/kept', TargetKeyId: KeyMetadata?.KeyId }))
    const { CiphertextBlob } = await before.kms.send(new EncryptCommand({ KeyId: 'alias/kept', Plaintext: Buffer.from('x') }))
    const mac = await before.kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))
    const label = { KeyId: mac.KeyMetadata?.KeyId, Message: Buffer.from('label'), MacAlgorithm: 'HMAC_SHA_256' } as const
    const { Mac } = await before.kms.send(new GenerateMacCommand(label))
    await before.secrets.send(new CreateSecretCommand({ Name: 'kept', SecretString: 's', KmsKeyId: 'alias/kept' }))
    first.child.kill('SIGTERM')
    await gone(first.child)

    const second = await start(dir)
    const after = clientsFor(second.port)
    expect((await after.dynamodb.send(new GetItemCommand({ TableName: 'ledger', Key: { id: { S: 'a' } } }))).Item).toEqual({ id: { S: 'a' } })
    expect(await refusalName(after.dynamodb.send(new TransactWriteItemsCommand(transaction)))).toBe('resolved')
    expect(Buffer.from((await after.kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext ?? []).toString()).toBe('x')
    expect((await after.kms.send(new GenerateMacCommand(label))).Mac).toEqual(Mac)
    expect((await after.secrets.send(new GetSecretValueCommand({ SecretId: 'kept' }))).SecretString).toBe('s')
  })

  test('SIGKILL under load loses nothing that was acknowledged, and leaves no half of a write', async () => {
    const folder = tempDir()
    const acknowledged: string[] = []
    for (let round = 0; round < 3; round += 1) {
      const { child, port } = await start(folder)
      if (round === 0) await clientsFor(port).dynamodb.send(createTable())
      const over = new AbortController()
      const load = Array.from({ length: 16 }, async (_, lane) => {
        for (let i = 0; !over.signal.aborted; i += 1) {
          const id = `${round}-${lane}-${i}`
          const body = JSON.stringify({ TableName: 'ledger', Item: { id: { S: id }, g: { S: 'all' } }, ConditionExpression: 'attribute_not_exists(id)' })
          const status = await rawRequest({ target: 'DynamoDB_20120810.PutItem', body, service: 'dynamodb', port }).then((r) => r.status, () => 0)
          if (status === 200) acknowledged.push(id)
        }
      })
      // Under load, however slow the machine is.
      const before = acknowledged.length
      while (acknowledged.length < before + 70) await new Promise((resolve) => setTimeout(resolve, 20))
      child.kill('SIGKILL')
      over.abort()
      await Promise.all(load)
      await gone(child)
    }
    const { port } = await start(folder)
    const { dynamodb } = clientsFor(port)
    const ids = (items: Record<string, AttributeValue>[] = []): Set<string> => new Set(items.map(({ id }) => id?.S ?? ''))
    const present = ids((await dynamodb.send(new ScanCommand({ TableName: 'ledger' }))).Items)
    const byIndex = new QueryCommand({ TableName: 'ledger', IndexName: 'by-g', KeyConditionExpression: 'g = :g', ExpressionAttributeValues: { ':g': { S: 'all' } } })
    const indexed = ids((await dynamodb.send(byIndex)).Items)
    expect(acknowledged.length).toBeGreaterThan(200)
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([])
    expect(indexed).toEqual(present)
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([['kill', false], ['killAfter', true]] as const)('the fault %s ends the process; done: %s', async (error, done) => {
    const folder = tempDir()
    const { child, port } = await start(folder)
    await clientsFor(port).dynamodb.send(createTable())
    await fetch(`http://127.0.0.1:${port}/_local/faults`, { method: 'PUT', headers: { 'x-sallyport-token': token }, body: JSON.stringify([{ service: 'dynamodb', operation: 'PutItem', error }]) })
    expect(await refusalName(clientsFor(port).dynamodb.send(new PutItemCommand({ TableName: 'ledger', Item: { id: { S: 'a' } } })))).not.toBe('resolved')
    expect(await gone(child)).toBe('SIGKILL')
    const again = await start(folder)
    const { Item } = await clientsFor(again.port).dynamodb.send(new GetItemCommand({ TableName: 'ledger', Key: { id: { S: 'a' } } }))
    expect(Item !== undefined).toBe(done)
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('the state folder', () => {
  test('a database without its master key is refused in a sentence', async () => {
    const folder = tempDir()
    await (await startAws(configIn(folder))).close()
    expect(statSync(join(folder, 'state', 'master.key')).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700)
    rmSync(join(folder, 'state', 'master.key'))
    await expect(startAws(configIn(folder))).rejects.toThrow('master.key is missing but the database beside it exists')
    rmSync(folder, { recursive: true, force: true })
  })

  test('two processes on one folder: the second is refused', async () => {
    const folder = tempDir()
    const first = await startAws(configIn(folder))
    await expect(startAws(configIn(folder))).rejects.toThrow('is in use by another process')
    await first.close()
    await (await startAws(configIn(folder))).close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('keys lie wrapped in the database', async () => {
    const folder = tempDir()
    const aws = await startAws(configIn(folder))
    await clientsFor(aws.port).kms.send(new CreateKeyCommand({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }))
    await aws.close()
    // The object identifier of P-256 stands in every PKCS #8 of such a key.
    const prime256v1 = Buffer.from('06082a8648ce3d030107', 'hex')
    expect(readFileSync(join(folder, 'state', 'aws.sqlite')).includes(prime256v1)).toBe(false)
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('group commit', () => {
  test('writes of one turn share a commit, and a failed unit takes only itself back', async () => {
    const folder = tempDir()
    const store = openStore(folder, ['CREATE TABLE IF NOT EXISTS t (v INTEGER PRIMARY KEY)'])
    const insert = (v: number) => store.write(() => store.statement('INSERT INTO t (v) VALUES (?)').run(v))
    for (let v = 0; v < 50; v += 1) insert(v)
    expect(() => store.write(() => {
      store.statement('INSERT INTO t (v) VALUES (?)').run(99)
      throw new Error('refused')
    })).toThrow('refused')
    expect(() => insert(1)).toThrow('UNIQUE')
    expect(store.commits).toBe(0)
    await store.settled()
    expect(store.commits).toBe(1)
    expect(store.statement('SELECT count(*) AS n, max(v) AS m FROM t').get()).toEqual({ n: 50, m: 49 })
    store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('no commit, no yes: the write is refused, and nothing was kept', async () => {
    const aws = await standIn()
    const { dynamodb } = aws.as('admin')
    await dynamodb.send(createTable())
    const exec = Reflect.get(DatabaseSync.prototype, 'exec')
    const broken = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (this: DatabaseSync, sql: string) {
      if (sql === 'COMMIT') throw new Error('disk is full')
      exec.call(this, sql)
    })
    const errors = vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
    expect(await refusalName(dynamodb.send(new PutItemCommand({ TableName: 'ledger', Item: { id: { S: 'a' } } })))).toBe('InternalServerError')
    broken.mockRestore()
    errors.mockRestore()
    expect((await dynamodb.send(new GetItemCommand({ TableName: 'ledger', Key: { id: { S: 'a' } } }))).Item).toBeUndefined()
    await aws.close()
  })

  test('a hundred writes at once are all there', async () => {
    const aws = await standIn()
    const { dynamodb } = aws.as('admin')
    await dynamodb.send(createTable())
    const writes = Array.from({ length: 100 }, (_, i) => dynamodb.send(new PutItemCommand({ TableName: 'ledger', Item: { id: { S: String(i) } } })))
    await Promise.all(writes)
    const { Count } = await dynamodb.send(new ScanCommand({ TableName: 'ledger', Select: 'COUNT' }))
    expect(Count).toBe(100)
    await aws.close()
  })
})
