import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

/** Types are the first test a user meets: a mistake does not compile, and the message names it. */
const root = fileURLToPath(new URL('..', import.meta.url))
// Inside the package, so that it finds itself by name as a user's project would.
const folder = join(root, '.local/types')

const beginning = `
import * as v from 'valibot'
import { account, bucket, digits, event, flow, hashKey, iam, identifier, keyPair, path, pipeline, post, queue, table, type Digest } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { publicKey } from 'sallyport/accounts/public-key'
import { jwe } from 'sallyport/ciphers/jwe'
import { call, decrypt, deduplicate, each, encrypt, hash, load, log, parseJson, rescue, retry, store, throwFault, transform, validate, when, type Item } from 'sallyport/steps'
const Loan = v.object({ id: v.string(), amount: v.number(), applicant: v.object({ ssn: v.string(), phone: v.optional(v.string()) }), cards: v.array(v.object({ pan: v.string(), limit: v.number() })) })
const Reply = v.object({ ok: v.boolean() })
const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })
const inbox = keyPair('inbox', { custody: 'wrapped' })
const partner = account('partner', apiKey({ origin: { dev: 'https://x.example' }, idempotency: { hours: 1 } }))
const reader = account('reader', publicKey())
const archive = table('archive', { days: 365 })
const documents = bucket('documents', { days: 30 })
const request = () => ({ method: 'POST' as const, path: path\`/x\`, body: {} })
const takesDigest = (text: Digest<'ssn'>) => text
const exactly = <T>() => <U>(...[value]: [T] extends [U] ? [U] extends [T] ? [value: U] : [never, T] : [never, T]) => value
`

/** Name, code, and what the compiler must say of it; undefined: it must compile. */
const cases: [string, string, string | undefined][] = [
  ['a misspelt field to store by', `flow(validate(Loan), store({ in: archive, by: 'applicant.snn' }))`, `Did you mean '"applicant.ssn"'`],
  ['an optional field to store by', `flow(validate(Loan), store({ in: archive, by: 'applicant.phone' }))`, `Did you mean '"applicant.ssn"'`],
  ['a misspelt field to store', `flow(validate(Loan), store({ in: archive, by: 'id', fields: ['cards[*].pann'] }))`, `Did you mean '"cards[*].pan"'`],
  ['a misspelt field that a store reveals', `flow(validate(Loan), store({ in: archive, by: 'id', reveals: ['applicant.phon'] }))`, `Did you mean '"applicant.phone"'`],
  ['a misspelt field that a call reveals', `flow(validate(Loan), call({ to: partner, reply: Reply, reveals: ['idd'], request }))`, `Type '"idd"' is not assignable`],
  ['a misspelt field that a line reveals', `flow(validate(Loan), log(({ id }) => ({ id }), { reveals: ['cards[*].pann'] }))`, `Did you mean '"cards[*].pan"'`],
  ['storing before validate', `flow(parseJson(), store({ in: archive, by: 'id' }))`, `NoTextFieldHere`],
  ['storing in what is no store', `flow(validate(Loan), store({ in: partner, by: 'id' }))`, `is missing the following properties from type 'Store'`],
  ['a store without days', `table('archive', {})`, `Property 'days' is missing`],
  ['what passes by a store', `flow(validate(Loan), store({ in: documents, by: 'id', as: ssn, fields: ['applicant.ssn', 'cards[*].pan'] }), log(({ id }) => ({ id }), { reveals: ['id'] }), transform((loan) => exactly<v.InferOutput<typeof Loan>>()(loan)))`, undefined],
  ['what is loaded', `flow(validate(Loan), load({ from: archive, by: 'id', schema: Reply }), transform((stored) => exactly<{ ok: boolean }>()(stored)))`, undefined],
  ['what is merged with what is loaded', `flow(validate(Loan), load({ from: archive, by: 'id', schema: Reply, merge: (loan, { ok }) => ({ id: loan.id, ok }) }), transform((both) => exactly<{ id: string; ok: boolean }>()(both)))`, undefined],
  ['merging a property that the payload has not', `flow(validate(Loan), load({ from: archive, by: 'id', schema: Reply, merge: (loan) => loan.nope }))`, `Property 'nope' does not exist`],
  ['a misspelt field', `flow(validate(Loan), deduplicate({ by: 'applicant.snn' }))`, `Did you mean '"applicant.ssn"'`],
  ['a number as identifier', `flow(validate(Loan), deduplicate({ by: 'amount' }))`, `Type '"amount"' is not assignable`],
  ['an optional field as identifier', `flow(validate(Loan), deduplicate({ by: 'applicant.phone' }))`, `Did you mean '"applicant.ssn"'`],
  ['a misspelt field in a list', `flow(validate(Loan), hash({ fields: ['cards[*].pann'], as: ssn }))`, `Did you mean '"cards[*].pan"'`],
  ['a field named before validate', `flow(parseJson(), deduplicate({ by: 'id' }))`, `NoTextFieldHere`],
  ['hashing a field twice', `flow(validate(Loan), hash({ fields: ['applicant.ssn'], as: ssn }), hash({ fields: ['applicant.ssn'], as: ssn }))`, `"applicant.ssn"`],
  ['deduplicating by a digest', `flow(validate(Loan), hash({ fields: ['applicant.ssn'], as: ssn }), deduplicate({ by: 'applicant.ssn' }))`, `Type '"applicant.ssn"' is not assignable to type '"id"'`],
  ['plain text where a digest is wanted', `flow(validate(Loan), transform((loan) => takesDigest(loan.applicant.ssn)))`, `Argument of type 'string' is not assignable to parameter of type 'Digest<"ssn">'`],
  ['no auth', `post('/x', { status: 202 })`, `Property 'auth' is missing`],
  ['JSON that would rest readable in a queue, without a reason', `queue('orders', {})`, `Property 'readable' is missing`],
  ['JSON of a queue, said by name, without a reason', `queue('orders', { accept: 'application/json' })`, `Property 'readable' is missing`],
  ['a reason for what rests sealed', `queue('orders', { accept: 'application/jose', readable: 'it is not personal' })`, `Type 'string' is not assignable to type 'undefined'`],
  ['events without a reason', `event({ source: ['shop'] }, {})`, `Property 'readable' is missing`],
  ['events of no source', `event({ source: [] }, { accept: 'application/jose' })`, `Source has 0 element(s) but target requires 1`],
  ['events of any source', `event({ 'detail-type': ['OrderPaid'] }, { accept: 'application/jose' })`, `Property 'source' is missing`],
  ['a status of a route that answers at once', `post('/x', { mode: 'async', auth: iam(), status: 201 })`, `'status' does not exist`],
  ['attempts of a route whose sender waits', `post('/x', { auth: iam(), attempts: 3 })`, `'attempts' does not exist`],
  ['a queue that is fifo or not', `queue('orders', { accept: 'application/jose', fifo: false })`, `Type 'false' is not assignable to type 'true'`],
  ['what validate takes of a queue, of events and of a route that answers at once', `[
    pipeline({ name: 'a', trigger: queue('orders', { readable: 'nothing in it is personal', batch: 10 }), steps: flow(validate(Loan), transform((loan) => exactly<v.InferOutput<typeof Loan>>()(loan))) }),
    pipeline({ name: 'b', trigger: event({ source: ['shop'], detail: { amount: [{ numeric: ['>', 1] }] } }, { readable: 'nothing in it is personal' }), steps: flow(validate(Loan)) }),
    pipeline({ name: 'c', trigger: post('/x', { mode: 'async', auth: iam(), attempts: 2 }), outcomeDays: 3, steps: flow(validate(Loan)) }),
    pipeline({ name: 'd', trigger: queue('sealed', { accept: 'application/jose' }), steps: flow(decrypt(jwe({ key: inbox })), parseJson(), validate(Loan)) }),
  ]`, undefined],
  ['a sealed message of a queue that nobody opens', `pipeline({ name: 'x', trigger: queue('orders', { accept: 'application/jose' }), steps: flow(validate(Loan)) })`, `Type 'Sealed' is not assignable to type 'Json'`],
  ['a sealed event that nobody opens', `pipeline({ name: 'x', trigger: event({ source: ['shop'] }, { accept: 'application/jose' }), steps: flow(validate(Loan)) })`, `Type 'Sealed' is not assignable to type 'Json'`],
  ['a sealed body of a route that answers at once, that nobody opens', `pipeline({ name: 'x', trigger: post('/x', { mode: 'async', auth: iam(), accept: 'application/jose' }), steps: flow(validate(Loan)) })`, `Type 'Sealed' is not assignable to type 'Json'`],
  ['sending to a public key', `flow(validate(Loan), call({ to: reader, reply: Reply, request }))`, `is not assignable to type 'Account<Partner`],
  ['sealing to an API key', `jwe({ to: partner })`, `is not assignable`],
  ['sealing with a pair of ours', `encrypt(jwe({ key: inbox }))`, `is missing the following properties from type 'Sealer'`],
  ['an unknown option', `flow(validate(Loan), deduplicate({ by: 'id', dyas: 7 }))`, `'dyas' does not exist`],
  ['a misspelt account', `flow(validate(Loan), call({ to: partnr, reply: Reply, request }))`, `Cannot find name 'partnr'`],
  ['validate straight after decrypt', `flow(decrypt(jwe({ key: inbox })), validate(Loan))`, `is not assignable to parameter of type 'Step<`],
  ['a sealed body that nobody opens', `pipeline({ name: 'x', trigger: post('/x', { auth: iam(), accept: 'application/jose' }), steps: flow(validate(Loan)) })`, `Type 'Sealed' is not assignable to type 'Json'`],
  ['a property that the payload has not', `flow(validate(Loan), transform((loan) => loan.nope))`, `Property 'nope' does not exist`],
  ['a number in a path', 'path`/x/${1}`', `Argument of type 'number' is not assignable to parameter of type 'string'`],
  ['an origin without TLS', `apiKey({ origin: { dev: 'http://x.example' } })`, `is not assignable to type`],
  ['a custody that there is not', `keyPair('x', { custody: 'file' })`, `Type '"file"' is not assignable to type 'Custody'`],
  ['once by a list', `flow(validate(Loan), call({ to: partner, once: 'cards[*].pan', reply: Reply, request }))`, `is not assignable to type`],
  ['a misspelt field in a branch', `flow(validate(Loan), when((loan) => loan.amount > 1, deduplicate({ by: 'applicant.snn' })))`, `Did you mean '"applicant.ssn"'`],
  ['a misspelt field in the other branch', `flow(validate(Loan), when((loan) => loan.amount > 1, throwFault('REJECTED'), hash({ fields: ['cards[*].pann'], as: ssn })))`, `Did you mean '"cards[*].pan"'`],
  ['a test of a property that the payload has not', `flow(validate(Loan), when((loan) => loan.amout > 1, throwFault('REJECTED')))`, `Property 'amout' does not exist`],
  ['a test with a name, of a property that the payload has not', `flow(validate(Loan), when({ name: 'large', run: (loan) => loan.amout > 1 }, throwFault('REJECTED')))`, `Property 'amout' does not exist`],
  ['a test that answers later', `flow(validate(Loan), when(async (loan) => loan.amount > 1, throwFault('REJECTED')))`, `is not assignable to type 'boolean'`],
  ['either payload of the branches', `flow(validate(Loan), when((loan) => loan.amount > 1, transform((loan) => loan.id), transform((loan) => loan.amount)), transform((either) => exactly<string | number>()(either)))`, undefined],
  ['a payload that passes by a branch', `flow(validate(Loan), when((loan) => loan.amount > 1, transform((loan) => loan.id)), transform((either) => exactly<string | v.InferOutput<typeof Loan>>()(either)))`, undefined],
  ['a branch that ends the run', `flow(validate(Loan), when((loan) => loan.amount > 1, throwFault('REJECTED', { reason: 'TOO_LARGE' })), deduplicate({ by: 'applicant.ssn' }), transform((loan) => exactly<string>()(loan.id)))`, undefined],
  ['a fault that there is not', `throwFault('REJECTD')`, `Argument of type '"REJECTD"' is not assignable`],
  ['a misspelt list', `flow(validate(Loan), each({ of: 'card' }, transform((card) => card.pan)))`, `Type '"card"' is not assignable to type '"cards"'`],
  ['a field that is no list', `flow(validate(Loan), each({ of: 'applicant' }, transform((card) => card)))`, `Type '"applicant"' is not assignable to type '"cards"'`],
  ['no list where the payload is none', `flow(validate(Loan), each({ parallel: 4 }, transform((card) => card)))`, `required in type 'NoListHere'`],
  ['a misspelt field of an item', `flow(validate(Loan), each({ of: 'cards' }, flow(deduplicate({ by: 'pann' }), transform((card) => card.pan))))`, `Type '"pann"' is not assignable to type '"pan"'`],
  ['an unknown option of each', `flow(validate(Loan), each({ of: 'cards', paralel: 4 }, transform((card) => card.pan)))`, `'paralel' does not exist`],
  ['what each makes of a field', `flow(validate(Loan), each({ of: 'cards', parallel: 4 }, flow(deduplicate({ by: 'pan' }), transform((card) => card.limit))), transform((loan) => exactly<number[]>()(loan.cards)))`, undefined],
  ['what each makes of a list', `flow(validate(Loan), transform((loan) => loan.cards), each({ parallel: 4 }, transform((card) => card.limit)), transform((limits) => exactly<number[]>()(limits)))`, undefined],
  ['what a partial each makes of a field', `flow(validate(Loan), each({ of: 'cards', partial: true }, transform((card) => card.limit)), transform((loan) => exactly<Item<number>[]>()(loan.cards)))`, undefined],
  ['what a partial each makes of a list', `flow(validate(v.array(Loan)), each({ partial: true }, transform((loan) => loan.amount)), transform((amounts) => exactly<Item<number>[]>()(amounts)))`, undefined],
  ['a payload of an item that nobody asked whether it is there', `flow(validate(v.array(Loan)), each({ partial: true }, transform((loan) => loan.amount)), transform((amounts) => amounts.map((amount) => amount.payload)))`, `Property 'payload' does not exist`],
  ['a misspelt field in what is rescued', `flow(validate(Loan), rescue(deduplicate({ by: 'applicant.snn' }), { on: ['DUPLICATE'], instead: throwFault('REJECTED') }))`, `Did you mean '"applicant.ssn"'`],
  ['a misspelt field in what rescues', `flow(validate(Loan), rescue(deduplicate({ by: 'id' }), { on: ['DUPLICATE'], instead: hash({ fields: ['payload.cards[*].pann'], as: ssn }) }))`, `Did you mean '"payload.cards[*].pan"'`],
  ['rescue from nothing', `flow(validate(Loan), rescue(deduplicate({ by: 'id' }), { on: [], instead: throwFault('REJECTED') }))`, `Source has 0 element(s) but target requires 1`],
  ['rescue without saying from what', `flow(validate(Loan), rescue(deduplicate({ by: 'id' }), { instead: throwFault('REJECTED') }))`, `Property 'on' is missing`],
  ['rescue from a fault that there is not', `flow(validate(Loan), rescue(deduplicate({ by: 'id' }), { on: ['DUPLICAT'], instead: throwFault('REJECTED') }))`, `Did you mean '"DUPLICATE"'`],
  ['either payload of a rescue', `flow(validate(Loan), rescue(transform((loan) => loan.amount), { on: ['DUPLICATE'], instead: transform(({ payload, fault }) => \`\${payload.id} \${fault.code} \${fault.effect}\`) }), transform((either) => exactly<string | number>()(either)))`, undefined],
  ['a rescue of everything, before any payload is known', `pipeline({ name: 'x', trigger: post('/x', { auth: iam() }), steps: rescue(flow(validate(Loan), transform((loan) => loan.amount)), { on: ['PAYLOAD_INVALID'], instead: transform(({ fault }) => fault.paths.length) }) })`, undefined],
  ['a misspelt field in what is tried again', `flow(validate(Loan), retry(call({ to: partner, once: 'idd', reply: Reply, request })))`, `Type '"idd"' is not assignable`],
  ['trying again what does not pass', `flow(validate(Loan), retry(call({ to: partner, once: 'id', reply: Reply, request }), { on: ['PARTNER_REFUSED'] }))`, `Type '"PARTNER_REFUSED"' is not assignable`],
  ['the payload of what is tried again', `flow(validate(Loan), retry(call({ to: partner, once: 'id', reply: Reply, request, merge: (loan, { ok }) => ({ ...loan, ok }) }), { times: 5, within: 10 }), transform((loan) => exactly<boolean>()(loan.ok)))`, undefined],
  ['all of them in each other', `flow(validate(Loan), each({ of: 'cards', partial: true }, when((card) => card.limit > 1, rescue(retry(flow(hash({ fields: ['pan'], as: ssn }), call({ to: partner, once: 'pan', reply: Reply, request }))), { on: ['PARTNER_SILENT'], instead: transform(({ payload }) => payload) }), throwFault('REJECTED'))), transform((loan) => loan.cards.map((card) => card.ok ? card.payload.pan : card.fault)))`, undefined],
  ['what is right', `pipeline({ name: 'x', trigger: post('/x', { auth: iam(), accept: 'application/jose' }), steps: flow(decrypt(jwe({ key: inbox })), parseJson(), validate(Loan), deduplicate({ by: 'applicant.ssn', as: ssn }), hash({ fields: ['applicant.ssn', 'cards[*].pan', 'applicant.phone'], as: ssn }), call({ to: partner, once: 'id', reply: Reply, seal: jwe({ to: reader }), request }), transform((loan) => takesDigest(loan.applicant.ssn))) })`, undefined],
]

let said: Map<number, string>
beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cases.forEach(([, code], i) => writeFileSync(join(folder, `case${i}.ts`), `${beginning}export const it = ${code}\n`))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { exactOptionalPropertyTypes: true }, include: ['*.ts'] }))
  const output = await new Promise<string>((resolve) => {
    execFile(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '--pretty', 'false', '-p', folder], (_, stdout) => resolve(stdout))
  })
  said = new Map()
  let current = -1
  for (const line of output.split('\n')) {
    const file = /case(\d+)\.ts\(/.exec(line)
    if (file) current = Number(file[1])
    else if (/^\S+\.ts\(/.test(line)) current = -1
    if (current >= 0) said.set(current, `${said.get(current) ?? ''}${line}\n`)
  }
})

test.each(cases.map(([name, , message], i) => [name, message, i] as const))('%s', (_, message, i) => {
  if (message === undefined) expect(said.get(i)).toBeUndefined()
  else expect(said.get(i)).toContain(message)
})
