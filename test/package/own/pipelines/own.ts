import { account, flow, open, path, pipeline, post } from 'sallyport'
import { call, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { pin } from '../steps/pin.ts'
import { reversed } from '../steps/reversed.ts'
import { shout } from '../steps/shout.ts'

const mirror = account('mirror', pin({ origin: { dev: 'https://mirror.example', prod: 'https://mirror.example' } }))

/** A step, a cipher and an account type of the user's own, in one pipeline. */
export default pipeline({
  name: 'own',
  trigger: post('/own', { auth: open('a fixture that anybody may call'), status: 200 }),
  steps: flow(
    validate(v.object({ text: v.string() })),
    shout(),
    call({ to: mirror, seal: reversed(), reply: v.unknown(), request: (body) => ({ method: 'POST', path: path`/mirror`, body }) }),
  ),
})
