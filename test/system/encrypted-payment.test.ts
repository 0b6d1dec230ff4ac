import { expect, test } from 'vitest'
import { drawPayment, opened, pay, plain, publishedKeys, received, seal } from './client.ts'

test('the JWKS has one RSA and one P-256 key for encryption, and no private part', async () => {
  const { status, headers } = await plain('GET', '/.well-known/jwks.json')
  expect([status, headers.get('content-type')]).toStrictEqual([200, 'application/jwk-set+json'])
  const keys = await publishedKeys()
  expect(keys.map(({ kty, use, alg, crv, kid }) => ({ kty, use, alg, crv, kid })).sort((a, b) => String(a.kty) < String(b.kty) ? -1 : 1)).toStrictEqual([
    { kty: 'EC', use: 'enc', alg: 'ECDH-ES+A256KW', crv: 'P-256', kid: expect.stringMatching(/^payments-inbox/) as string },
    { kty: 'RSA', use: 'enc', alg: 'RSA-OAEP-256', crv: undefined, kid: expect.stringMatching(/^payments-inbox/) as string },
  ])
  for (const key of keys) for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(part)
  expect(Buffer.from(keys.find(({ kty }) => kty === 'RSA')?.n ?? '', 'base64url').length * 8).toBe(3072)
})

test.each(['RSA', 'EC'] as const)('a payment sealed to the %s key is opened, checked, sealed for the acquirer and delivered once', async (kty) => {
  const payment = drawPayment()
  const { status, body, headers } = await pay(await seal(JSON.stringify(payment), { kty }))
  expect([status, body, headers.get('content-type')]).toStrictEqual([202, { paymentId: payment.paymentId, status: 'sent' }, 'application/json'])
  const [request, ...more] = received('acquirer', payment.paymentId)
  expect(more).toStrictEqual([])
  expect(request).toMatchObject({ method: 'POST', path: '/authorizations' })
  expect(request?.headers['content-type']).toBe('application/jose')
  expect(await opened(request?.text ?? '')).toStrictEqual({
    reference: payment.paymentId, amount: { value: '12.50', currency: 'EUR' },
    card: { pan: '4111111111111111', expiryMonth: '12', expiryYear: '2030' }, payer: { name: 'Ada Lovelace', taxId: '529-98-2247' },
  })
})

test('the same paymentId again is a DUPLICATE, though it was sealed anew', async () => {
  const payment = drawPayment()
  expect((await pay(await seal(JSON.stringify(payment)))).status).toBe(202)
  const again = await pay(await seal(JSON.stringify(payment), { kty: 'EC' }))
  expect([again.status, again.body['code']]).toStrictEqual([409, 'DUPLICATE'])
  expect(received('acquirer', payment.paymentId)).toHaveLength(1)
})

test('a paymentId of 35 characters is taken', async () => {
  const payment = { ...drawPayment(), paymentId: `p${String(Date.now())}`.padEnd(35, 'x') }
  expect((await pay(await seal(JSON.stringify(payment)))).status).toBe(202)
})
