import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** A namespace of its own with loopback up and nothing else: whatever phones home fails. */
const only = (script: string): string[] => ['--net', '--', 'sh', '-c', `ip link set lo up && ${script}`]
const possible = spawnSync('unshare', only('true')).status === 0

test.skipIf(!possible)(`the whole local run with only loopback up${possible ? '' : ': this system allows no network namespace, or has no ip command'}`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-namespace-'))
  const script = fileURLToPath(new URL('alone.ts', import.meta.url))
  try {
    // No route leads out: a connection to an address outside fails at once.
    const outside = spawnSync('unshare', only(`"${process.execPath}" -e "require('node:net').connect(443, '192.0.2.1').on('error', (e) => process.exit(e.code === 'ENETUNREACH' ? 7 : 1))"`))
    expect(outside.status).toBe(7)
    const output = await new Promise<string>((resolve, reject) => {
      execFile('unshare', only(`exec "${process.execPath}" "${script}" "${dir}"`), { timeout: 90_000 }, (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(stdout)))
    })
    expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toStrictEqual({
      answers: [['payment', 202, null], ['loan', 201, null], ['again', 409, 'DUPLICATE']], wrong: [],
    })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}, 120_000)
