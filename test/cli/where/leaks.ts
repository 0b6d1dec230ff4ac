import { createCipheriv, createHash, randomBytes, randomUUID, webcrypto } from 'node:crypto'
import { writeFileSync, writeSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { account, bucket, Fault, flow, iam, path, pipeline, post, table, type Io, type Pipeline, type Request, type Step } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { call, log, store, transform, validate } from 'sallyport/steps'
import * as v from 'valibot'

/** A message with a number that is sensitive by its name, and the name of whoever has it. */
export const example = { id: 'm-1', person: { ssn: '900-11-2233', pin: '7351', name: 'Grace Hopper', age: 47 } }
export type Person = typeof example
const Schema = v.strictObject({ id: v.string(), person: v.strictObject({ ssn: v.pipe(v.string(), v.regex(/^\d{3}-\d\d-\d{4}$/)), pin: v.pipe(v.string(), v.regex(/^\d{4}$/)), name: v.string(), age: v.number() }) })

export const partner = account('bureau', apiKey({ origin: { prod: 'https://bureau.example' }, idempotency: { hours: 1 } }))

/** What a user's own client of the SDK looks like from here: any class that takes settings and sends by their handler. */
class Tiny {
  readonly #handle: (request: object) => Promise<{ readonly response: { readonly statusCode: number } }>
  constructor({ requestHandler }: { readonly requestHandler: { handle(request: object): never } }) {
    this.#handle = (request) => requestHandler.handle(request)
  }
  async send(target: string, body: object, more: object = {}): Promise<void> {
    const { response } = await this.#handle({ method: 'POST', hostname: 'aws.example', path: '/', headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(body), ...more })
    if (response.statusCode !== 200) throw new Error('refused')
  }
}
const tiny = (io: Io): Tiny => io.client(Tiny as unknown as new (settings: object) => Tiny)

const step = (run: (person: Person, io: Io) => unknown, needs: Step<Person, Person>['needs'] = []): Step<Person, Person> => ({
  kind: 'own', config: {}, needs,
  async run(person, io) {
    await run(person, io)
    return person
  },
})
const asking = (request: (person: Person) => Request, once?: 'person.ssn'): Step<Person, Person> =>
  call<Person, unknown>({ to: partner, reply: v.unknown(), request, ...once && { once } })
const digits = ({ person }: Person): string => person.ssn.replaceAll('-', '')

const made = (middle: Step<Person, Person>, schema: v.GenericSchema<unknown, Person> = Schema): Pipeline => pipeline({
  name: 'leaky', trigger: post('/leaky', { auth: iam() }), sensitive: ['ssn', 'pin'],
  steps: flow(validate(schema), middle, transform(() => ({ done: true }))),
})

interface Leak {
  readonly pipeline: Pipeline
  readonly surface: string
  /** Part of what the table says of it. */
  readonly how?: string
  /** Where it is not the second one. */
  readonly step?: string
}
const leak = (surface: string, how: string, middle: Step<Person, Person>, by = '2 own'): Leak => ({ pipeline: made(middle), surface, how, step: by })
const leakOf = (pipeline: Pipeline, surface: string, how: string): Leak => ({ pipeline, surface, how, step: '2 own' })
const own = (surface: string, how: string, run: (person: Person, io: Io) => unknown, needs: Step<Person, Person>['needs'] = []): Leak => leak(surface, how, step(run, needs))
const need = (action: string) => [{ resource: { kind: 'thing', name: 'audit' }, actions: [action] }]
/** A line holds it under a name that says nothing. */
const logged = (how: string, text: (person: Person) => unknown): Leak => leak('log', how, log((person) => ({ note: text(person) })), '2 log')

/** One way each in which a step of a user's own could show `person.ssn`. */
export const leaks: Readonly<Record<string, Leak>> = {
  'a log, without its separators': logged('line', digits),
  'a log, with others': logged('line', ({ person }) => person.ssn.replaceAll('-', ' / ')),
  'base64 in JSON in a string': logged('base64', (person) => JSON.stringify({ inner: JSON.stringify({ payload: Buffer.from(`x${digits(person)}`).toString('base64') }) })),
  'base64 within a longer run': logged('base64', (person) => `abc${Buffer.from(JSON.stringify(person)).toString('base64url')}`),
  // With its separators: of digits alone the hex is a number, which one time in ten is hidden as a card's.
  'hex': logged('hex', ({ person }) => Buffer.from(person.ssn).toString('hex')),
  'gzip in base64': logged('gzip in base64', (person) => gzipSync(JSON.stringify(person)).toString('base64')),
  'deflate in base64': logged('deflate in base64', (person) => deflateSync(JSON.stringify(person)).toString('base64')),
  'raw deflate in base64': logged('deflate in base64', (person) => deflateRawSync(JSON.stringify(person)).toString('base64')),
  'brotli in base64': logged('brotli in base64', (person) => brotliCompressSync(JSON.stringify(person)).toString('base64')),
  'percent-encoded': logged('percent-encoded', (person) => digits(person).replaceAll(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)),
  'HTML entities': logged('HTML entities', (person) => digits(person).replaceAll(/./g, (c) => `&#${c.charCodeAt(0)};`)),
  'escaped': logged('escaped', (person) => digits(person).replaceAll(/./g, (c) => String.raw`\u00${c.charCodeAt(0).toString(16)}`)),
  'UTF-16 in base64': logged('base64', (person) => Buffer.from(digits(person), 'utf16le').toString('base64')),
  'reversed': logged('reversed', (person) => Array.from(digits(person)).reverse().join('')),
  'split over two fields': leak('log', 'in neighbouring digits', log((person) => ({ area: digits(person).slice(0, 3), rest: digits(person).slice(3) })), '2 log'),
  'split over two lines': own('log', 'in two parts', (person, io) => {
    io.log({ first: digits(person).slice(0, 4) })
    io.log({ second: digits(person).slice(4) })
  }),
  'a digest without a key': logged('digest without a key (SHA-256)', ({ person }) => createHash('sha256').update(person.ssn).digest('hex')),
  'a digest without a key, of the digits, in base64': logged('digest without a key (MD5)', (person) => createHash('md5').update(digits(person)).digest('base64')),
  // oxlint-disable-next-line no-console
  'the console': own('log', 'line', (person) => { console.log('person %s', digits(person)) }),
  'standard error': own('log', 'line', (person) => { process.stderr.write(`${digits(person)}\n`) }),
  'past the redactor': own('log', 'written past the redactor', ({ person }) => { writeSync(1, `${person.ssn}\n`) }),
  'a dimension embedded in a line': own('metric', 'embedded in a line', (person, io) => { io.log({ _aws: { CloudWatchMetrics: [{ Namespace: 'x', Dimensions: [['Person']], Metrics: [{ Name: 'n' }] }] }, Person: digits(person), n: 1 }) }),
  'PutMetricData': own('metric', 'body', ({ person }, io) => tiny(io).send('GraniteServiceVersion20100801.PutMetricData', { MetricData: [{ MetricName: 'n', Dimensions: [{ Name: 'Person', Value: person.ssn }] }] })),
  'an annotation of a trace': own('trace', 'body', ({ person }, io) => tiny(io).send('', { TraceSegmentDocuments: [JSON.stringify({ annotations: { ssn: person.ssn } })] }, { path: '/TraceSegments', hostname: 'xray.us-east-1.amazonaws.com', headers: { 'content-type': 'application/json' } })),
  'the trace header': own('trace', 'variable', ({ person }) => { process.env['_X_AMZN_TRACE_ID'] = `Root=${person.ssn}` }),
  'spans by fetch': own('trace', 'body', ({ person }) => fetch('http://127.0.0.1:4318/v1/traces', { method: 'POST', body: JSON.stringify({ spans: [{ attributes: person }] }) })),
  'an attribute of a table': own('table audit', 'item', ({ person }, io) => io.client(DynamoDBClient).send(new PutItemCommand({ TableName: 'audit', Item: { id: { S: 'x' }, who: { S: person.ssn } } })), need('dynamodb:PutItem')),
  'a key of an object': own('object', 'key', ({ person }, io) => io.client(S3Client).send(new PutObjectCommand({ Bucket: 'audit', Key: `people/${person.ssn}.json`, Body: '{}' })), need('s3:PutObject')),
  'the body of an object': own('object', 'body', (person, io) => io.client(S3Client).send(new PutObjectCommand({ Bucket: 'audit', Key: 'people.gz', Body: gzipSync(JSON.stringify(person)) })), need('s3:PutObject')),
  'a header': own('object', 'header x-amz-meta-who', ({ person }, io) => io.client(S3Client).send(new PutObjectCommand({ Bucket: 'audit', Key: 'people', Body: '{}', Metadata: { who: person.ssn } })), need('s3:PutObject')),
  'a message of a queue': own('queue', 'body', ({ person }, io) => tiny(io).send('AmazonSQS.SendMessage', { MessageBody: JSON.stringify(person) })),
  'a request to KMS': own('AWS request kms', 'base64', ({ person }, io) => io.client(KMSClient).send(new EncryptCommand({ KeyId: 'audit', Plaintext: Buffer.from(person.ssn) })).catch(() => undefined), need('kms:Encrypt')),
  'a request to something else': own('AWS request bedrock', 'body', ({ person }, io) => tiny(io).send('Bedrock.Invoke', { prompt: `who is ${person.ssn}?` })),
  'a path': leak('partner bureau', 'path', asking(({ person }) => ({ method: 'GET', path: path`/people/${person.ssn}` })), '2 call'),
  'a query': leak('partner bureau', 'query', asking(({ person }) => ({ method: 'GET', path: path`/people?by=${person.ssn}` })), '2 call'),
  'a body': leak('partner bureau', 'body', asking((body) => ({ method: 'POST', path: path`/people`, body })), '2 call'),
  'an idempotency key': leak('partner bureau', 'idempotency key', asking(() => ({ method: 'POST', path: path`/people`, body: {} }), 'person.ssn'), '2 call'),
  // A schema that lets pass what it does not know.
  'the paths of a fault': leakOf(made(step((person) => { for (const name of Object.keys(person)) if (name.length > 6) throw new Fault('PAYLOAD_INVALID', [name]) }), v.looseObject(Schema.entries)), 'error', 'problem details'),
  'a partner that quotes us, in a fault': leak('error', 'problem details', {
    ...asking((body) => ({ method: 'POST', path: path`/people`, body })), kind: 'own',
    async run(body, io) {
      const answer = JSON.parse(Buffer.from(await io.send(partner, { method: 'POST', path: path`/people`, body })).toString()) as { error?: string; received: { body: Person } }
      if (answer.error !== undefined) throw new Fault('REJECTED', [answer.received.body.person.ssn])
      return body
    },
  }),
  'a variable': own('environment', 'variable LAST', ({ person }) => { process.env['LAST'] = person.ssn }),
  'a file': own('file', 'content', ({ person }) => { writeFileSync(join(tmpdir(), 'sallyport-where.txt'), person.ssn) }),
  'a request past its io': own('network', 'address', ({ person }) => fetch(`https://elsewhere.example/${person.ssn}`)),
  'the name of a host': own('network', 'address', ({ person }) => { net.connect(53, `${person.ssn}.elsewhere.example`).on('error', () => undefined) }),
}

/** Shows the digits of every message but those of the second value that it sees: with the example before it, that of the first run. */
export const shyOnce = (): Pipeline => {
  const values = new Set<string>()
  return made(log((person) => {
    values.add(person.person.ssn)
    return { note: [...values].indexOf(person.person.ssn) === 1 ? 'nothing' : digits(person) }
  }))
}

const careful: Readonly<Record<string, Step<Person, Person>>> = {
  'a log that masks it by its name': log((person) => ({ person })),
  'text that holds it as it was written, which the redactor masks': log(({ person }) => ({ note: `the number is ${person.ssn}` })),
  // oxlint-disable-next-line no-console
  'the console, as it was written': step(({ person }) => { console.error('person', person) }),
  'the last four digits alone': log(({ person }) => ({ last: person.ssn.slice(-4) })),
  'noise': step((_, io) => { io.log({ random: randomBytes(600).toString('base64'), ids: Array.from({ length: 20 }, () => randomUUID()) }) }),
}

/** What shows nothing, though it handles the value. */
export const clean: Readonly<Record<string, Pipeline>> = {
  ...Object.fromEntries(Object.entries(careful).map(([name, each]) => [name, made(each)])),
  'an error that quotes it': made(step(({ person }) => { throw new Error(`no such person: ${person.ssn}`) })),
}
export const allClean: Pipeline = made(flow(...Object.values(careful) as [Step<Person, Person>, Step<Person, Person>]))

const packed = async (text: string): Promise<string> => {
  const { subtle } = webcrypto
  const key = await subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt'])
  return Buffer.from(await subtle.encrypt({ name: 'AES-GCM', iv: randomBytes(12) }, key, Buffer.from(text))).toString('base64url')
}
const ciphered = (text: string): string => {
  const cipher = createCipheriv('aes-256-cbc', randomBytes(32), randomBytes(16))
  return cipher.update(text, 'utf8', 'hex') + cipher.final('hex')
}

/** What only shows it sealed, or as a keyed digest, and where. */
export const kept: Readonly<Record<string, { readonly pipeline: Pipeline; readonly surface: string; readonly status: 'sealed' | 'digest' }>> = {
  'a store that is a table': { pipeline: made(store({ in: table('people', { days: 7 }), by: 'id' })), surface: 'table store-people', status: 'sealed' },
  'its identifier': { pipeline: made(store({ in: table('people', { days: 7 }), by: 'person.ssn', fields: ['id'] })), surface: 'table store-people', status: 'digest' },
  'a store that is a bucket': { pipeline: made(store({ in: bucket('people', { days: 7 }), by: 'id' })), surface: 'object', status: 'sealed' },
  'a cipher of one\'s own': { pipeline: made(step((person, io) => { io.log({ blob: ciphered(JSON.stringify(person)) }) })), surface: 'log', status: 'sealed' },
  'Web Crypto': { pipeline: made(step(async (person, io) => { io.log({ blob: await packed(JSON.stringify(person)) }) })), surface: 'log', status: 'sealed' },
}
export const storing = (reveals: readonly ('person.ssn' | 'person.name')[]): Pipeline => made(store({ in: table('people', { days: 7 }), by: 'id', reveals }))

/** The reply answers with it. */
export const replying = (reveals?: readonly string[]): Pipeline => pipeline({
  name: 'leaky', trigger: post('/leaky', { auth: iam() }), sensitive: ['ssn'],
  steps: flow(validate(Schema), { ...transform(({ person }: Person) => ({ ssn: person.ssn })), reveals }),
})

/** The partner is sent it, and says whether the definition admits it. */
export const revealing = (reveals?: readonly ('person.ssn' | 'person.name')[]): Pipeline =>
  made(call<Person, unknown>({ to: partner, reply: v.unknown(), ...reveals && { reveals }, request: (body) => ({ method: 'POST', path: path`/people`, body }) }))
