import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Need, type Pipeline } from 'sallyport'
import { manifest } from 'sallyport/manifest'
import { beforeAll, describe, expect, test } from 'vitest'
import { build, readDefinitions } from '../../infra/build.ts'
import { drawLoan, drawPayment, during, lend, pay, run, seal, whilePartner } from './client.ts'

interface Call { readonly role: string; readonly service: string; readonly operation: string; readonly status: number; readonly units?: number }
const calls = (lines: readonly string[]): Call[] => lines.map((line) => JSON.parse(line) as Call).filter(({ role }) => role.startsWith('Sallyport-'))

let pipelines: readonly Pipeline[]
beforeAll(async () => {
  const { definitions } = await build({ pipelines: fileURLToPath(new URL('../../functions/pipelines', import.meta.url)), stage: 'needs' })
  pipelines = readDefinitions(definitions).pipelines
})

describe('AWS calls of a warm message', () => {
  const warm = async (send: () => Promise<unknown>): Promise<string[]> => {
    await send()
    // All eight processes of a function may serve it: each is warmed before it is counted.
    await Promise.all(Array.from({ length: 16 }, send))
    const { lines } = await during(run().calls, send)
    return calls(lines).map(({ service, operation }) => `${service}:${operation}`).sort()
  }
  test('payment in custody wrapped: two writes, no read, no KMS, no secret', async () => {
    expect(await warm(async () => pay(await seal(JSON.stringify(drawPayment()))))).toStrictEqual(['dynamodb:PutItem', 'dynamodb:UpdateItem'])
  })
  test('loan: two writes, no read, no KMS, no secret', async () => {
    expect(await warm(() => lend(drawLoan()))).toStrictEqual(['dynamodb:PutItem', 'dynamodb:UpdateItem'])
  })
  test('a duplicate: one refused write', async () => {
    const loan = drawLoan()
    await lend(loan)
    const { lines } = await during(run().calls, () => lend(loan))
    expect(calls(lines).map(({ operation, units }) => [operation, units])).toStrictEqual([['PutItem', 1]])
  })
  test('an accepted message: four write units, two of the table and two of the sparse index', async () => {
    const { lines } = await during(run().calls, () => lend(drawLoan()))
    expect(calls(lines).reduce((sum, { units = 0 }) => sum + units, 0)).toBe(4)
  })
})

test('needs are honest: what was really sent since the stack began is what the definitions say, no less and no more', async () => {
  // The ways in which a claim ends: confirm, release, yield.
  await lend(drawLoan())
  await whilePartner('loan-origination', '400', () => lend(drawLoan()))
  await whilePartner('acquirer', '400', async () => pay(await seal(JSON.stringify(drawPayment()))))
  await pay(await seal(JSON.stringify(drawPayment()), { kty: 'EC' }))
  const sent = Map.groupBy(calls(readFileSync(run().calls, 'utf8').split('\n').filter(Boolean)), ({ role }) => role)
  for (const pipeline of pipelines) {
    const { needs } = manifest(pipeline) as { needs: Need[] }
    // While digests of two versions count, a claim is a transaction: test/alone/rotation.test.ts.
    const declared = new Set(needs.flatMap(({ actions }) => actions).filter((action) => action !== 'dynamodb:ConditionCheckItem'))
    const seen = new Set((sent.get(`Sallyport-local-${pipeline.name}`) ?? []).map(({ service, operation }) => `${service}:${operation}`))
    expect([...seen].sort(), pipeline.name).toStrictEqual([...declared].sort())
  }
})
