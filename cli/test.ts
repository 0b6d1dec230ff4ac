import { parseCLI, startVitest } from 'vitest/node'
import { schemas } from '../testing/vite.ts'
import { Usage } from './usage.ts'

/** Runs vitest in this process, so that its workers end with it. */
export async function test(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parseCLI>
  try {
    parsed = parseCLI(['vitest', 'run', ...args])
  } catch (error) {
    throw new Usage((error as Error).message)
  }
  const vitest = await startVitest('test', parsed.filter, { ...parsed.options, watch: false }, { plugins: [schemas()] })
  await vitest.close()
  return process.exitCode === undefined || process.exitCode === 0 ? 0 : 1
}
