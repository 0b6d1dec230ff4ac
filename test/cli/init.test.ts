import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

it.each(['{"name": "half', '[]', 'null'])('init says in a sentence that package.json holding %s wants mending, and leaves it', (text) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-init-'))
  try {
    writeFileSync(join(folder, 'package.json'), text)
    const { status, stderr } = spawnSync(process.execPath, [script, 'init'], { cwd: folder, encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, 'package.json is not a JSON object: mend it, or move it away\n'])
    expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe(text)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
