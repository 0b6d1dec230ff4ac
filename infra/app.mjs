/** What cdk.json names: runs app.ts, which only Node 24 can, whatever Node the CDK CLI was started with. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isNode24, node24, noNode24 } from '../cli/node24.mjs'

const node = node24()
if (isNode24()) {
  await import('./app.ts')
} else if (node === undefined) {
  process.stderr.write(`${noNode24}\n`)
  process.exit(1)
} else {
  process.exit(spawnSync(node, [fileURLToPath(new URL('app.ts', import.meta.url))], { stdio: 'inherit' }).status ?? 1)
}
