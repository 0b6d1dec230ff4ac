import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { account, accountNeed, flow, ledgerTable, open, path, partner, pipeline, post, type Account, type Material, type Need, type Opener, type Partner, type PartnerOptions, type Sealer, type Step } from 'sallyport'
import { decrypt, encrypt, parseJson, transform } from 'sallyport/steps'
import { run } from 'sallyport/testing'

const anybody = open('a pipeline of the tests')
const one = (step: Step<never, unknown>) => pipeline({ name: 'own', trigger: post('/own', { auth: anybody }), steps: step })

/** A step of a user's, with an AWS client of its own. */
const lookUp = (needs: readonly Need[]): Step<unknown, unknown> => ({
  kind: 'look-up', config: {}, needs,
  async run(_, io) {
    const { Item } = await io.client(DynamoDBClient).send(new GetItemCommand({ TableName: io.address(ledgerTable), Key: { id: { S: 'x' } } }))
    await io.wait(250)
    return { found: Item !== undefined, at: new Date(io.now()).toISOString() }
  },
})

test('a step of one\'s own: its client, its address, its time', async () => {
  const { status, body, calls, lines } = await run(one(lookUp([{ resource: ledgerTable, actions: ['dynamodb:GetItem'] }])), {})
  expect({ status, body }).toStrictEqual({ status: 200, body: { found: false, at: '2026-01-01T00:00:00.250Z' } })
  expect(calls).toMatchObject([{ service: 'dynamodb', operation: 'GetItem', status: 200, request: { TableName: 'ledger' } }])
  expect(lines.at(-1)).toMatchObject({ ms: 250, calls: { 'dynamodb:GetItem': 1 } })
})

test('a need that was forgotten ends as in Lambda, and the test is told why', async () => {
  const { fault, thrown, lines } = await run(one(lookUp([])), {})
  expect(fault).toBe('STEP_FAILED')
  expect(thrown).toStrictEqual(new TypeError('table ledger is not among the needs of this pipeline'))
  expect(JSON.stringify(lines)).not.toContain('not among the needs')
})

test('an action that was forgotten is denied', async () => {
  const { fault, calls, thrown } = await run(one(lookUp([{ resource: ledgerTable, actions: ['dynamodb:Query'] }])), {})
  expect(fault).toBe('STEP_FAILED')
  expect(calls).toMatchObject([{ operation: 'GetItem', status: 400, error: 'AccessDeniedException' }])
  expect(thrown).toMatchObject({ name: 'AccessDeniedException' })
})

/** A cipher and a key of a user's: no cipher at all, which is enough here. */
type Mask = Material<'mask', number>
const mask: Mask = { signIn: 'mask', read: (secret) => (JSON.parse(secret) as { mask: number }).mask }
const masking = (key: Account<Mask>): Opener & Sealer => {
  const turned = (bytes: Uint8Array, by: number) => bytes.map((byte) => byte ^ by)
  return {
    cipher: 'mask', config: { key }, needs: [accountNeed(key)], mediaType: 'application/jose',
    open: async ({ sealed }, io) => turned(Buffer.from(sealed, 'base64url'), await io.material(key)),
    seal: async (plain, io) => ({ sealed: Buffer.from(turned(plain, await io.material(key))).toString('base64url') }),
  }
}

test('a cipher and a key of one\'s own: the key is given, since nothing here can draw it', async () => {
  const shared = account('shared', mask)
  const masked = pipeline({ name: 'masked', trigger: post('/masked', { auth: anybody, accept: 'application/jose' }), steps: flow(decrypt(masking(shared)), parseJson(), encrypt(masking(shared))) })
  const sealed = Buffer.from(Buffer.from('{"a":1}').map((byte) => byte ^ 7)).toString('base64url')
  expect(await run(masked, sealed, { accounts: { shared: { mask: 7 } } })).toMatchObject({ status: 200, body: sealed, headers: { 'content-type': 'application/jose' } })
  await expect(run(masked, sealed)).rejects.toThrow('account shared: no credential can be drawn for mask; give accounts: { "shared": … }')
  await expect(run(masked, { a: 1 }, { accounts: { shared: { mask: 7 } } })).rejects.toThrow('pipeline masked opens with no key pair')
})

/** A way of a user's to sign in. */
const bearer = (options: PartnerOptions): Partner<string> => ({
  ...partner('bearer', options), read: (secret) => secret.trim(), headers: (token) => ({ authorization: `Bearer ${token}` }),
})

test('a way of one\'s own to sign in: the partner sees it, the log does not', async () => {
  const clinic = account('clinic', bearer({ origin: { prod: 'https://clinic.example' } }))
  const ask: Step<unknown, unknown> = {
    kind: 'ask', config: {}, needs: [accountNeed(clinic)], sends: [{ to: clinic }],
    async run(_, io) {
      io.log({ at: 'about to ask with a-token-of-the-clinic' })
      return io.json(await io.send(clinic, { method: 'GET', path: path`/patients` }))
    },
  }
  const { body, partners, lines } = await run(one(flow(ask, ask, transform((seen) => ({ seen })))), {}, { accounts: { clinic: 'a-token-of-the-clinic' }, partners: { clinic: { body: [1, 2] } } })
  expect(body).toStrictEqual({ seen: [1, 2] })
  expect(partners['clinic']?.[0]?.headers).toMatchObject({ authorization: 'Bearer a-token-of-the-clinic' })
  expect(JSON.stringify(lines[1])).not.toContain('a-token-of-the-clinic')
})
