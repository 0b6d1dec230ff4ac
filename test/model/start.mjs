/** Runs main.ts on the Node 24 that is installed with the dependencies: npm runs scripts on whichever there is. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isNode24, node24, noNode24 } from '../../cli/node24.mjs'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const node = node24()
if (isNode24()) await import(main)
else if (node !== undefined) process.exit(spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1)
else {
  process.stderr.write(`${noNode24}\n`)
  process.exit(1)
}
