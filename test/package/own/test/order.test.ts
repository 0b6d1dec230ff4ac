import { run } from 'sallyport/testing'
import { expect, test } from 'vitest'
import order from '../pipelines/order.ts'

test('a JSON Schema is compiled as for Lambda', async () => {
  expect(await run(order, { id: 'a-1' })).toMatchObject({ status: 200, body: { taken: 'a-1' } })
  expect(await run(order, { id: 'A' })).toMatchObject({ status: 422, body: { paths: ['id'] } })
})
