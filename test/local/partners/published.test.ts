import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startPartner } from '../../../local/partners/partner.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a partner shows its keys to everybody at one path, and behaves there as it is told', async () => {
  const keys = [{ kty: 'EC', kid: 'bank-keys-1' }]
  const partner = await startPartner({ name: 'bank-keys', folder, publishes: { path: '/keys', keys } })
  const at = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${partner.port}${path}`, { method })
  try {
    const answer = await at('/keys')
    expect([answer.status, await answer.json()]).toStrictEqual([200, { keys }])
    for (const [path, method] of [['/keys', 'POST'], ['/other', 'GET'], ['/keys?a=b', 'GET']] as const) expect((await at(path, method)).status).toBe(401)
    await partner.behave({ mode: '500', ms: 0 })
    expect((await at('/keys')).status).toBe(500)
    expect(readFileSync(partner.received, 'utf8').trim().split('\n').map((line) => (JSON.parse(line) as { path: string; acted: boolean }).path)).toStrictEqual(['/keys', '/keys'])
  } finally {
    await partner.close()
  }
})
