import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { files } from '../cli/project.ts'
import { home } from '../infra/home.ts'
import { startStack } from '../local/stack.ts'
import { checkTypes } from '../local/types.ts'
import { counted, median, type Row } from './row.ts'

/** Seconds from a saved file to the new code behind the gateway, types checked meanwhile, as `start` does it. */
export async function edits(): Promise<Row[]> {
  mkdirSync(join(home, '.local'), { recursive: true })
  const folder = mkdtempSync(join(home, '.local/bench-edit-'))
  for (const [file, text] of Object.entries(files('Bench'))) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  const [dir, pipelines] = [join(folder, '.local'), join(folder, 'pipelines')]
  const stack = await startStack({ project: folder, dir, pipelines, port: 0, env: {} })
  const edited = async (file: string, change: (text: string) => string): Promise<number> => {
    // Nobody saves twice in a second: what waits for the next edit has been made by then.
    await pause(2_000)
    const start = performance.now()
    writeFileSync(join(folder, file), change(readFileSync(join(folder, file), 'utf8')))
    await stack.reload(checkTypes(folder, pipelines, dir))
    return (performance.now() - start) / 1_000
  }
  try {
    const [code, template]: [number[], number[]] = [[], []]
    for (let round = 1; round <= 5; round++) {
      code.push(await edited('steps/greet.ts', (text) => text.replace(/`\w+, /, `\`Hello${round}, `)))
      template.push(await edited('pipelines/sign-up.ts', (text) => text.replace(/days: \d+/, `days: ${30 + round}`)))
    }
    return [
      counted('an edit of a step, until it runs', 's', median(code), 2, code.length),
      counted('an edit that changes the template, until it runs', 's', median(template), 2, template.length),
    ]
  } finally {
    await stack.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
