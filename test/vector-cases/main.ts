/**
 * `npm run --silent vector-cases`: reads a case a line, `{id, suite, group, test}`, and writes a line for each, in order:
 * `{id, accepted, out}` with what came out in hex, or `{id, skipped}` with the reason. The functions are those that the
 * steps use. `out` is the plaintext, the tag, the key that was derived or agreed on; empty for a signature that holds.
 */
import { once } from 'node:events'
import { answer } from './answer.ts'
import { linesOf } from './lines.ts'

const { stdin, stdout } = process
// Whoever reads has gone: nothing is left to be said.
stdout.on('error', () => process.exit(0))

for await (const line of linesOf(stdin)) {
  if (!stdout.write(`${JSON.stringify(await answer(line))}\n`)) await once(stdout, 'drain')
}
