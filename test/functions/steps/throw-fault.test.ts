import { Fault, problem, type FaultCode } from 'sallyport'
import { expect, test } from 'vitest'
import { throwFault } from '../../../functions/steps/index.ts'
import { fakeIo } from '../../fake-io.ts'

const step = throwFault('REJECTED', { paths: ['applicant.income'], reason: 'INCOME_TOO_LOW' })

test('is data: the code, the paths and the reason, all constants', () => {
  expect({ ...step, run: undefined }).toStrictEqual({ kind: 'throw-fault', config: { code: 'REJECTED', paths: ['applicant.income'], reason: 'INCOME_TOO_LOW' }, needs: [], run: undefined })
})

test('ends the run with its fault, a new one each time', () => {
  const thrown = [1, 2].map((payload) => { try { return step.run(payload, fakeIo()) } catch (error) { return error as Fault } })
  expect(thrown[0]).toMatchObject({ name: 'Fault', code: 'REJECTED', paths: ['applicant.income'], reason: 'INCOME_TOO_LOW', message: 'REJECTED' })
  expect(thrown[1]).not.toBe(thrown[0])
})

test.each(['too low', 'too_low', 'INCOME TOO LOW', 'LIMIT_2', '4111111111111111', '_LOW', 'LOW_', 'TOO__LOW', '', 'A'.repeat(41)])('%j is no reason, which the definition is told without it', (reason) => {
  expect(() => throwFault('REJECTED', { reason })).toThrow('a reason is of REJECTED alone: upper-case words joined by underscores, at most 40 characters')
})

test('no other fault has a reason', () => {
  expect(() => throwFault('DUPLICATE', { reason: 'SEEN_BEFORE' })).toThrow(TypeError)
  expect(() => new Fault('PAYLOAD_INVALID', [], undefined, 'TOO_LOW')).toThrow(TypeError)
  expect(throwFault('DUPLICATE').config).toStrictEqual({ code: 'DUPLICATE', paths: [], reason: undefined })
})

test('the sender is told the reason, and the paths in what was sent', () => {
  const told = (fault: Fault): unknown => { const { statusCode, body } = problem(fault, 'run-1'); return [statusCode, JSON.parse(body)] }
  expect(told(new Fault('REJECTED', ['applicant.income'], undefined, 'INCOME_TOO_LOW'))).toStrictEqual([422, {
    type: 'urn:sallyport:problem:REJECTED', title: 'The pipeline rejected the message', status: 422, code: 'REJECTED', id: 'run-1', paths: ['applicant.income'], reason: 'INCOME_TOO_LOW',
  }])
  expect(told(new Fault('REJECTED'))).toStrictEqual([422, { type: 'urn:sallyport:problem:REJECTED', title: 'The pipeline rejected the message', status: 422, code: 'REJECTED', id: 'run-1' }])
  expect(told(new Fault('REPLY_INVALID', ['secret.field']))).toStrictEqual([502, { type: 'urn:sallyport:problem:REPLY_INVALID', title: 'The partner replied something that does not fit', status: 502, code: 'REPLY_INVALID', id: 'run-1' }])
})

test.each([
  ['NOT_STORED', 404, 'Nothing is stored under this identifier'],
  ['STORED_OTHERWISE', 409, 'Something else is stored under this identifier'],
] as [FaultCode, number, string][])('%s', (code, status, title) => {
  expect(JSON.parse(problem(new Fault(code), 'run-1').body)).toStrictEqual({ type: `urn:sallyport:problem:${code}`, title, status, code, id: 'run-1' })
})
