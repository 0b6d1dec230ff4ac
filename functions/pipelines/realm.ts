import { account, digits, hashKey, identifier, keyPair, realm } from 'sallyport'
import { apiKey } from 'sallyport/accounts/api-key'
import { basic } from 'sallyport/accounts/basic'
import { publicKey } from 'sallyport/accounts/public-key'

/** The pair to which senders seal payments. `hsm` instead of `wrapped` keeps the private half in KMS, at a call a message. */
export const paymentsInbox = keyPair('payments-inbox', { custody: 'wrapped' })

/** By these statuses both partners promise that nothing was done. */
const nothingDone = [400, 401, 403, 404, 415, 422]

export const acquirer = account('acquirer', apiKey({
  origin: { dev: 'https://sandbox.acquirer.example', prod: 'https://api.acquirer.example' },
  idempotency: { hours: 24 },
  nothingDone,
  timeout: 5,
}))
export const acquirerKey = account('acquirer-key', publicKey())

export const loanOrigination = account('loan-origination', basic({
  origin: { dev: 'https://dev.loans.example', prod: 'https://loans.example' },
  idempotency: { hours: 72 },
  nothingDone,
  timeout: 5,
}))

export const ssn = identifier('ssn', { key: hashKey('identity'), normalize: digits })

export default realm({
  sensitive: ['ssn', 'nationalId', 'pan', 'cvv', 'name', 'email', 'birthDate'],
  logRetentionDays: 90,
})
