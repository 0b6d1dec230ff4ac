import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startControl, type Control } from '../../../local/control.ts'
import type { Mode } from '../../../local/partners/mode.ts'

let control: Control
const told: [string, Mode][] = []
const learned: [string, object][] = []
beforeAll(async () => {
  control = await startControl({
    partners: () => ['acquirer'], behave: async (name, mode) => void told.push([name, mode]), learn: async (name, headers) => void learned.push([name, headers]),
    plan: async (body) => ({ status: 400, body: JSON.stringify({ planned: body }) }), health: () => ({ status: 'ok' }),
    rotate: async (key) => [{ kid: `${key}-ec-2` }],
    schedule: (name) => name === 'sweep' ? Promise.resolve({ ran: ['demo-sweep'] }) : undefined,
  })
})
afterAll(() => control.stop())

const ask = async (method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<[number, unknown]> => {
  const response = await fetch(`${control.url}${path}`, { method, headers, ...body !== undefined && { body } })
  return [response.status, await response.json()]
}

describe('the control port', () => {
  it('rotates a key', async () => {
    expect(await ask('POST', '/keys/inbox/rotate')).toEqual([200, [{ kid: 'inbox-ec-2' }]])
    expect((await ask('POST', '/keys/In%20box/rotate'))[0]).toBe(404)
  })
  it('runs what a schedule would', async () => {
    expect(await ask('POST', '/schedules/sweep')).toEqual([200, { ran: ['demo-sweep'] }])
    expect(await ask('POST', '/schedules/other')).toEqual([404, { message: 'no schedule of the template is other, by its rule or its function' }])
    expect((await ask('GET', '/schedules/sweep'))[0]).toBe(404)
  })
  it('tells a partner how to behave', async () => {
    expect(await ask('PUT', '/partners/acquirer', '{"mode":"slow","ms":5}')).toEqual([200, {}])
    expect(told).toEqual([['acquirer', { mode: 'slow', ms: 5 }]])
  })
  it.each([['{', 'the body is not JSON'], ['{"mode":"x"}', 'mode is one of ok, refuse, slow, drop, 500, 400, nonsense'], ['[]', 'write {"mode": "ok"}'], ['', 'the body is not JSON']])('answers 400 to %j', async (body, message) => {
    expect(await ask('PUT', '/partners/acquirer', body)).toEqual([400, { message }])
  })
  it('lets a partner know a credential', async () => {
    expect(await ask('PUT', '/partners/acquirer/credential', '{"x-api-key":"drawn"}')).toEqual([200, {}])
    expect(learned).toEqual([['acquirer', { 'x-api-key': 'drawn' }]])
    expect(await ask('PUT', '/partners/acquirer/credential', '{"x-api-key":1}')).toEqual([400, { message: 'the body is no object of headers' }])
    expect((await ask('PUT', '/partners/nobody/credential', '{}'))[0]).toBe(404)
  })
  it('answers 404 to what is not there', async () => {
    expect(await ask('PUT', '/partners/nobody', '{"mode":"ok"}')).toEqual([404, { message: 'there is no partner nobody: acquirer' }])
    expect((await ask('GET', '/'))[0]).toBe(404)
    expect((await ask('POST', '/faults', '[]'))[0]).toBe(404)
  })
  it('hands faults on, with the answer', async () => {
    expect(await ask('PUT', '/faults', '[1]')).toEqual([400, { planned: '[1]' }])
  })
  it('is not for web pages', async () => {
    expect((await ask('PUT', '/partners/acquirer', '{"mode":"ok"}', { origin: 'https://evil.example' }))[0]).toBe(403)
  })
  it('says that it is up', async () => {
    expect(await ask('GET', '/health')).toEqual([200, { status: 'ok' }])
  })
})
