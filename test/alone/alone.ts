/** The whole local run by itself: the stack, the demonstration, and an exit code. For a network namespace with only loopback up. */
import { demonstrate } from '../../local/demonstration.ts'
import { startStack } from '../../local/stack.ts'

const [dir = ''] = process.argv.slice(2)
const stack = await startStack({ dir, port: 0 })
try {
  const { answers, wrong } = await demonstrate(stack.run)
  process.stdout.write(`${JSON.stringify({ answers: answers.map(({ title, status, code }) => [title, status, code ?? null]), wrong })}\n`)
  process.exitCode = wrong.length === 0 ? 0 : 1
} finally {
  await stack.stop()
}
