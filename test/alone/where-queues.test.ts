import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test, vi } from 'vitest'
import { where } from '../../cli/where.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-where-'))
afterAll(() => rmSync(folder, { recursive: true }))
cpSync(fileURLToPath(new URL('../infra/fixtures/queues', import.meta.url)), folder, { recursive: true })
for (const name of ['settlement', 'payout']) writeFileSync(join(folder, `${name}.example.json`), JSON.stringify({ id: 'p-1', iban: 'DE89370400440532013000' }))

test.each([['settlement', 0], ['payout', 1]])('what waits of %s is sealed in its queue', async (pipeline, code) => {
  let said = ''
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => { said += String(text); return true })
  try {
    // The bank is shown the IBAN of a payout, and the definition does not say so.
    expect(await where(['iban', '--pipeline', pipeline, '--pipelines', folder, '--json'])).toBe(code)
  } finally {
    write.mockRestore()
  }
  const { pipelines: [report] } = JSON.parse(said) as { pipelines: [{ fields: [{ surfaces: { surface: string; status: string }[] }] }] }
  const statuses = Object.fromEntries(report.fields[0].surfaces.map(({ surface, status }) => [surface, status]))
  expect(statuses).toMatchObject({ queue: 'sealed', log: 'absent', 'table ledger': 'digest', 'partner bank': code === 0 ? 'absent' : 'READABLE' })
})
