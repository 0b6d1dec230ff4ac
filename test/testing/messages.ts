/** Messages of the example pipelines. The numbers are drawn from those that were never given to anybody. */
export const application = (ssn = '900-11-2233', applicationId = 'a-1') => ({
  applicationId, applicant: { name: 'Grace Hopper', ssn, email: 'grace@example.com', birthDate: '1986-12-09' }, amount: 25_000, income: 84_000,
})

export const order = (paymentId = 'p-1') => ({
  paymentId, amount: '12.50', currency: 'EUR',
  card: { number: '4111 1111 1111 1111', expiry: '12/30', cvv: '123' }, payer: { name: 'Ada Lovelace', nationalId: 'X1234567' },
})
