import { flow, iam, jsonSchema, pipeline, post } from 'sallyport'
import { transform, validate } from 'sallyport/steps'
import order from './order.schema.json' with { type: 'json' }

export default pipeline({
  name: 'order',
  trigger: post('/orders', { auth: iam() }),
  steps: flow(validate(jsonSchema<{ id: string }>(order)), transform(({ id }) => ({ taken: id }))),
})
