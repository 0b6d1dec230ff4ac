import { createPrivateKey, randomInt, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb'
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { inject, beforeAll, expect, test } from 'vitest'
import { luhn, wrapContext } from 'sallyport'
import { call, drawLoan, drawPayment, lend, pay, plain, publishedKeys, received, run, seal, whileAws, whilePartner, type Reply } from './client.ts'
import { seenIn, spellings } from './marks.ts'

/** A card number that nobody else has: 16 digits that pass Luhn. */
function drawCard(): string {
  const digits = `4000${String(randomInt(1e11)).padStart(11, '0')}`
  return Array.from({ length: 10 }, (_, check) => digits + String(check)).find(luhn) as string
}
const card = drawCard()
const ssn = `9${String(randomInt(1e8)).padStart(8, '0')}`
const nationalId = `NID-${randomUUID().slice(0, 23)}`
const name = `Canária "O'Brien" ${randomUUID()}`
const email = `canary-${randomUUID()}@example.org`
const marks = new Map([...spellings('card number', card), ...spellings('SSN', ssn), ...spellings('SSN with hyphens', `${ssn.slice(0, 3)}-${ssn.slice(3, 5)}-${ssn.slice(5)}`), ...spellings('national id', nationalId), ...spellings('name', name), ...spellings('e-mail', email)])
const secretMarks = new Map<string, Buffer>()
const replies: Reply[] = []

const payment = () => ({ ...drawPayment(), card: { number: card, expiry: '12/30', cvv: '737' }, payer: { name, nationalId } })
const loan = (number = ssn) => ({ ...drawLoan(number), applicant: { name, ssn: number, email, birthDate: '1986-12-09' } })

beforeAll(async () => {
  const note = async (reply: Promise<Reply>): Promise<Reply> => { replies.push(await reply); return reply }
  // Every way through, with the marks in it: well, refused, twice, failing behind, failing before, unreadable, unsigned.
  const good = payment()
  await note(pay(await seal(JSON.stringify(good))))
  await note(pay(await seal(JSON.stringify(good))))
  await note(pay(await seal(JSON.stringify({ ...payment(), extra: card }))))
  await note(pay(await seal(JSON.stringify(payment()).slice(0, -1))))
  await note(pay(await seal(`{"number":"${card}","number":"${card}"}`)))
  await note(pay(JSON.stringify(payment())))
  await note(lend(loan()))
  await note(lend(loan(`${ssn.slice(0, 3)}-${ssn.slice(3, 5)}-${ssn.slice(5)}`)))
  await note(lend({ ...loan(), [name]: ssn }))
  await note(lend({ ...loan(), applicant: name }))
  await note(lend(JSON.stringify(loan()).replace('}', '')))
  await note(call('POST', '/loan-applications', 'text/plain', JSON.stringify(loan())))
  await note(plain('POST', '/loan-applications', { body: JSON.stringify(loan()), headers: { 'content-type': 'application/json' } }))
  await note(plain('GET', `/loans/${ssn}?name=${encodeURIComponent(name)}`))
  for (const mode of ['400', '500', 'nonsense', 'drop', 'refuse'] as const) {
    await note(whilePartner('loan-origination', mode, () => lend(loan(drawLoan().applicant.ssn))))
    await note(whilePartner('acquirer', mode, async () => pay(await seal(JSON.stringify(payment())))))
  }
  await note(whileAws([{ service: 'dynamodb', operation: 'PutItem', error: 'unavailable', times: 3 }], () => lend(loan(drawLoan().applicant.ssn))))
  await note(whileAws([{ service: 'dynamodb', operation: 'UpdateItem', error: 'unavailable', times: 3 }], async () => pay(await seal(JSON.stringify(payment())))))

  // The accounts' secrets, as the partners saw them; and the private key of the inbox, which its role alone can unwrap.
  const apiKey = received('acquirer', good.paymentId)[0]?.headers['x-api-key'] as string
  const basic = received('loan-origination', lastLoan())[0]?.headers['authorization'] as string
  const [, password = ''] = /:(.*)$/.exec(Buffer.from(basic.slice(6), 'base64').toString()) ?? []
  for (const [spelling, bytes] of [...spellings('API key', apiKey), ...spellings('password', password), ...spellings('authorization header', basic)]) secretMarks.set(spelling, bytes)
  for (const [spelling, bytes] of spellings('private key', await privateExponent())) secretMarks.set(spelling, bytes)
  await new Promise((resolve) => { setTimeout(resolve, 300) })
})

function lastLoan(): string {
  const lines = readFileSync(run().partners['loan-origination']?.received ?? '', 'utf8').split('\n').filter(Boolean)
  return (JSON.parse(lines.at(-1) ?? '{}') as { headers: Record<string, string> }).headers['idempotency-key'] as string
}

async function privateExponent(): Promise<Buffer> {
  const { aws, roles } = run()
  const settings = { endpoint: aws.endpoint, region: aws.region, credentials: roles['encrypted-payment'] as { accessKeyId: string; secretAccessKey: string } }
  const kid = (await publishedKeys()).find(({ kty }) => kty === 'RSA')?.kid as string
  const { Items = [] } = await new DynamoDBClient(settings).send(new QueryCommand({ TableName: 'Sallyport-local-keys', KeyConditionExpression: 'pair = :pair', ExpressionAttributeValues: { ':pair': { S: 'payments-inbox' } } }))
  const wrapped = Items.find((item) => item['kid']?.S === kid)?.['wrapped']?.B as Uint8Array
  const { Plaintext } = await new KMSClient(settings).send(new DecryptCommand({ CiphertextBlob: wrapped, EncryptionContext: wrapContext('payments-inbox', kid) }))
  const { d } = createPrivateKey({ key: Buffer.from(Plaintext as Uint8Array), format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  return Buffer.from(d as string, 'base64url')
}

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (entry.isFile()) yield path
  }
}
/** Where what may stand: by name, and nothing else anywhere. Partners keep what they were sent; the person who deploys puts the secrets. */
const mayHold = (file: string): { data: boolean; secrets: boolean } => ({
  data: file === 'partners/loan-origination.jsonl', secrets: file.startsWith('partners/') || file === 'requests.jsonl (PutSecretValue)',
})

test('no reply, log line, state file, AWS request or process output holds a mark in any spelling', () => {
  const dir = inject('dir')
  const found: string[] = []
  let searched = 0
  const search = (where: string, bytes: Buffer): void => {
    searched++
    const allowed = mayHold(where)
    if (!allowed.data) found.push(...seenIn(bytes, marks).map((mark) => `${where}: ${mark}`))
    if (!allowed.secrets) found.push(...seenIn(bytes, secretMarks).map((mark) => `${where}: ${mark}`))
  }
  replies.forEach(({ text, headers }, i) => search(`reply ${i}`, Buffer.from(text + JSON.stringify([...headers]))))
  for (const file of files(dir)) {
    const where = relative(dir, file)
    // Code and templates hold no data: they were made before any message came.
    if (where.startsWith('cdk.out/') || statSync(file).size === 0) continue
    if (where === 'requests.jsonl') {
      const lines = readFileSync(file, 'utf8').split('\n')
      const puts = lines.filter((line) => line.includes('"PutSecretValue"'))
      search('requests.jsonl', Buffer.from(lines.filter((line) => !puts.includes(line)).join('\n')))
      search('requests.jsonl (PutSecretValue)', Buffer.from(puts.join('\n')))
    } else search(where, readFileSync(file))
  }
  expect(found).toStrictEqual([])
  expect(searched).toBeGreaterThan(replies.length + 6)
})

test('and the search finds them where they may stand', () => {
  const dir = inject('dir')
  const loans = readFileSync(join(dir, 'partners/loan-origination.jsonl'))
  // The body lies there in base64, the credential as it was sent.
  expect(seenIn(loans, marks)).toContainEqual(expect.stringMatching(/^e-mail, base64 at /))
  expect(seenIn(loans, secretMarks)).toContain('authorization header, raw')
  expect(seenIn(readFileSync(join(dir, 'partners/acquirer.jsonl')), secretMarks)).toContain('API key, raw')
  const puts = readFileSync(join(dir, 'requests.jsonl'), 'utf8').split('\n').filter((line) => line.includes('"PutSecretValue"')).join('\n')
  expect(seenIn(Buffer.from(puts), secretMarks)).toContain('API key, raw')
  for (const [mark, bytes] of [...marks, ...secretMarks]) expect(seenIn(Buffer.concat([Buffer.from('x'), bytes, Buffer.from('y')]), new Map([[mark, bytes]])), mark).toStrictEqual([mark])
  // The SSN does not even reach the loan system.
  expect(seenIn(Buffer.from(loans.toString().split('\n').filter(Boolean).map((line) => Buffer.from((JSON.parse(line) as { body: string }).body, 'base64').toString()).join('\n')), spellings('SSN', ssn))).toStrictEqual([])
})

test('the log shows that the marks were met: masked', () => {
  const log = readFileSync(run().log, 'utf8')
  expect(log).toContain('"ssn":"***"')
  expect(log).toContain('"card":{"number":"***","expiry":"***","cvv":"***"}')
})
