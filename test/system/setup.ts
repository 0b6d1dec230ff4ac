import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../local/stack.ts'
import type { Run } from '../../local/run.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly run: Run
    readonly dir: string
  }
}

/** One local stack for all tests of this folder, with a state of its own and the bodies of all AWS requests kept. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = fileURLToPath(new URL('../../.local/test', import.meta.url))
  rmSync(dir, { recursive: true, force: true })
  const stack = await startStack({ dir, port: 0, env: {}, requests: `${dir}/requests.jsonl` })
  stack.publish()
  project.provide('run', stack.run)
  project.provide('dir', dir)
  return () => stack.stop()
}
