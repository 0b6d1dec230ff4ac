import { flow, iam, pipeline, post } from 'sallyport'
import { transform, validate } from 'sallyport/steps'
import * as v from 'valibot'

export default pipeline({ name: 'refunds', trigger: post('/refunds', { auth: iam() }), steps: flow(validate(v.unknown() as never), transform(() => ({}))) })
