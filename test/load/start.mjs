/** Runs soak.ts on the Node 24 that is installed with the dependencies: npm runs scripts on whichever there is. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isNode24, node24, noNode24 } from '../../cli/node24.mjs'

const soak = fileURLToPath(new URL('soak.ts', import.meta.url))
const node = node24()
if (isNode24()) await import(soak)
else if (node !== undefined) {
  // Ctrl-C reaches both: the soak ends itself, and says what it did.
  process.on('SIGINT', () => undefined)
  process.exit(spawnSync(node, [soak, ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1)
} else {
  process.stderr.write(`${noNode24}\n`)
  process.exit(1)
}
