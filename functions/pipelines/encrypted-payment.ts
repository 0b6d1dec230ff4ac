import { flow, iam, path, pipeline, post } from 'sallyport'
import { jwe } from 'sallyport/ciphers/jwe'
import { call, decrypt, deduplicate, log, parseJson, transform, validate } from 'sallyport/steps'
import { acquirer, acquirerKey, paymentsInbox } from './realm.ts'
import { Payment, Receipt, type PaymentOut } from './schemas/payment.ts'

/** The acquirer's names for things. The cvv stays behind: nobody may keep it after the authorisation (PCI DSS 3.3.1). */
const toAcquirerFormat = ({ paymentId, amount, currency, card, payer }: PaymentOut) => ({
  reference: paymentId,
  amount: { value: amount, currency },
  card: { pan: card.number.replaceAll(' ', ''), expiryMonth: card.expiry.slice(0, 2), expiryYear: `20${card.expiry.slice(3)}` },
  payer: { name: payer.name, taxId: payer.nationalId },
})

/** A payment arrives sealed, is opened here, checked, and leaves sealed for the acquirer, once. */
export default pipeline({
  name: 'encrypted-payment',
  trigger: post('/payments', { accept: 'application/jose', auth: iam(), status: 202 }),
  sensitive: ['number', 'cvv', 'expiry', 'taxId'],
  steps: flow(
    decrypt(jwe({ key: paymentsInbox })),
    parseJson(),
    validate(Payment),
    log((payment) => ({ payment })),
    deduplicate({ by: 'paymentId', days: 7 }),
    call({
      to: acquirer, once: 'paymentId', reply: Receipt, seal: jwe({ to: acquirerKey }),
      request: (payment) => ({ method: 'POST', path: path`/authorizations`, body: toAcquirerFormat(payment) }),
    }),
    transform(({ paymentId }) => ({ paymentId, status: 'sent' })),
  ),
})
