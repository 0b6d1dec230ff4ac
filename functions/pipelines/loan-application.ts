import { flow, iam, path, pipeline, post } from 'sallyport'
import { call, deduplicate, entity, hash, log, transform, validate } from 'sallyport/steps'
import { loanOrigination, ssn } from './realm.ts'
import { Accepted, LoanApplication } from './schemas/loan.ts'

/** An application is refused if its SSN was seen within a year, though no SSN is stored, nor sent on. */
export default pipeline({
  name: 'loan-application',
  trigger: post('/loan-applications', { auth: iam(), status: 201 }),
  steps: flow(
    validate(LoanApplication),
    entity({ by: 'applicationId' }),
    log((application) => ({ application })),
    deduplicate({ by: 'applicant.ssn', as: ssn, days: 365 }),
    hash({ fields: ['applicant.ssn'], as: ssn }),
    call({
      to: loanOrigination, once: 'applicationId', reply: Accepted, reveals: ['applicant.name', 'applicant.email', 'applicant.birthDate'],
      request: (application) => ({ method: 'POST', path: path`/applications`, body: application }),
    }),
    transform(({ applicationId }) => ({ applicationId, status: 'accepted' })),
  ),
})
