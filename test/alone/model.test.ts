import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { conditions, rules } from '../../layers/runtime/ledger.ts'

/** Each condition of the duplicate check is one that it needs: `npm run model` with it taken away shows what goes wrong. */
const main = fileURLToPath(new URL('../model/main.ts', import.meta.url))
const model = (...words: string[]) => new Promise<{ readonly code: number; readonly said: Readonly<Record<string, unknown>> }>((resolve) => {
  execFile(process.execPath, [main, '--json', ...words], { maxBuffer: 1 << 24 }, (error, stdout) => {
    resolve({ code: error === null ? 0 : Number(error.code), said: JSON.parse(stdout || '{}') as Record<string, unknown> })
  })
})

test.each([...Object.keys(conditions), ...Object.keys(rules)])('without "%s" something goes wrong, and it is shown how', { timeout: 240_000 }, async (name) => {
  const { code, said } = await model('--without', name)
  expect(code).toBe(1)
  expect(said['without']).toBe(name)
  expect((said['schedule'] as string[]).length).toBeGreaterThan(2)
})
