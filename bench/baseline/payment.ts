/** The work of the payment pipeline by hand: node:crypto and nothing else. Keys are imported outside of the loop. */
import { constants, createCipheriv, createDecipheriv, createHmac, createSecretKey, privateDecrypt, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto'

interface Payment {
  paymentId: string; amount: string; currency: string
  card: { number: string; expiry: string; cvv: string }
  payer: { name: string; nationalId: string }
}
export interface Keys { readonly inbox: KeyObject; readonly acquirer: KeyObject; readonly ledger: KeyObject; readonly fingerprint: KeyObject }

const text = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value)
function luhn(number: string): boolean {
  let sum = 0
  for (let i = number.length - 1, even = false; i >= 0; i--, even = !even) {
    const digit = number.charCodeAt(i) - 48
    sum += even ? digit > 4 ? digit * 2 - 9 : digit * 2 : digit
  }
  return sum % 10 === 0
}
function valid(payment: Payment): boolean {
  return text(payment.paymentId, /^[\x21-\x7e]{1,35}$/) && text(payment.amount, /^\d+\.\d{2}$/) && text(payment.currency, /^[A-Z]{3}$/)
    && text(payment.card.number, /^\d{12,19}$/) && luhn(payment.card.number) && text(payment.card.expiry, /^\d\d\/\d\d$/) && text(payment.card.cvv, /^\d{3,4}$/)
    && text(payment.payer.name, /^.{1,140}$/) && text(payment.payer.nationalId, /^.{1,35}$/)
}

export function pay(token: string, keys: Keys, id: string, write: (line: string) => void, store: (item: object) => void, partner: (headers: object, body: string) => Buffer): object {
  const start = performance.now()
  const [header = '', wrapped = '', iv = '', ciphertext = '', tag = ''] = token.split('.')
  const { alg, enc, kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string>
  if (alg !== 'RSA-OAEP-256' || enc !== 'A256GCM' || kid === undefined) throw new Error('refused')
  const cek = privateDecrypt({ key: keys.inbox, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.from(wrapped, 'base64url'))
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(cek), Buffer.from(iv, 'base64url'), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, 'base64url'))
  const payment = JSON.parse(Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64url')), decipher.final()]).toString()) as Payment
  if (!valid(payment)) throw new Error('invalid')
  write(JSON.stringify({ time: new Date().toISOString(), id, payment: { ...payment, card: { number: '***', expiry: '***', cvv: '***' }, payer: { name: '***', nationalId: '***' } } }))

  const attempt = randomBytes(16).toString('base64url')
  const key = createHmac('sha256', keys.ledger).update(payment.paymentId).digest('base64url')
  const fingerprint = createHmac('sha256', keys.fingerprint).update(JSON.stringify(payment)).digest('base64url')
  store({ id: { S: key }, state: { S: 'claimed' }, attempt: { S: attempt }, fingerprint: { S: fingerprint }, lease: { N: String(Date.now() + 18_000) } })

  const body = { reference: payment.paymentId, amount: { value: payment.amount, currency: payment.currency }, card: { pan: payment.card.number, expiryMonth: payment.card.expiry.slice(0, 2), expiryYear: `20${payment.card.expiry.slice(3)}` }, payer: { name: payment.payer.name, taxId: payment.payer.nationalId } }
  const out = Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"acquirer"}').toString('base64url')
  const fresh = randomBytes(32)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(fresh), nonce, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(out))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(body)), cipher.final()])
  const forPartner = [out, publicEncrypt({ key: keys.acquirer, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, fresh).toString('base64url'), nonce.toString('base64url'), sealed.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.')
  const reply = JSON.parse(partner({ 'x-api-key': 'key', 'content-type': 'application/jose', 'idempotency-key': payment.paymentId }, forPartner).toString()) as { authorizationId: string }
  if (!text(reply.authorizationId, /^.{1,64}$/)) throw new Error('reply')
  store({ id: { S: key }, state: { S: 'confirmed' }, attempt: { S: attempt }, expires: { N: String(Date.now() / 1_000 + 604_800) } })
  write(JSON.stringify({ time: new Date().toISOString(), id, outcome: 'done', status: 202, ms: performance.now() - start }))
  return { statusCode: 202, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ paymentId: payment.paymentId, status: 'sent' }) }
}
