import { existing, flow, iam, pipeline, post, realm, type Existing, type Step } from 'sallyport'
import { expect, test } from 'vitest'
import { validate } from '../../functions/steps/index.ts'
import * as v from 'valibot'
import { construct, synthesize } from './synthesized.ts'

const queue = existing('orders', {
  arn: { dev: 'arn:aws:sqs:eu-central-1:123456789012:orders-dev', prod: 'arn:aws:sqs:eu-central-1:123456789012:orders' },
  address: { dev: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dev' },
})
const enqueue = (to: Existing): Step<unknown, unknown> => ({ kind: 'enqueue', config: { to }, needs: [{ resource: to, actions: ['sqs:SendMessage'] }], run: (payload) => payload })
const definitions = (to: Existing) => ({ realm: realm(), pipelines: [pipeline({ name: 'orders', trigger: post('/orders', { auth: iam() }), steps: flow(validate(v.object({ id: v.string() })), enqueue(to)) })] })

test('a step of the user\'s own gets its action on that resource alone, and finds it by its address', () => {
  const { stateless } = synthesize(construct(definitions(queue)))
  const resources = Object.values(stateless.Resources) as { Type: string; Properties: Record<string, unknown> }[]
  const policy = JSON.stringify(resources.find(({ Type, Properties }) => Type === 'AWS::IAM::ManagedPolicy' && JSON.stringify(Properties).includes('Sallyport-dev-orders'))?.Properties['PolicyDocument'])
  expect(policy).toContain('{"Action":"sqs:SendMessage","Effect":"Allow","Resource":"arn:aws:sqs:eu-central-1:123456789012:orders-dev"}')
  const lambda = resources.find(({ Properties }) => Properties['FunctionName'] === 'Sallyport-dev-orders')
  expect(lambda?.Properties['Environment']).toEqual({ Variables: { EXISTING_ORDERS: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders-dev' } })
})

test('a stage that it does not know is refused with the pipeline\'s name', () => {
  expect(() => construct(definitions(queue), { stage: 'test' })).toThrow('pipeline orders: existing resource orders has no arn for the stage test; it knows dev and prod')
})

test.each(['*', 'arn:aws:sqs:*:*:*', 'orders', 'arn:aws:s3:::*'])('%s is no one resource', (arn) => {
  expect(() => existing('orders', { arn: { dev: arn } })).toThrow('existing resource orders, arn of stage dev: write one resource')
})
