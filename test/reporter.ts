import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** The last line, `N passed, N failed, N skipped`, from the real counts; and `.local/tests.json` with the reason of every skip. */
export default class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const passed = tests.filter((test) => test.result().state === 'passed')
    const failed = tests.filter((test) => test.result().state === 'failed')
    // A test that never ran is a failure, unless somebody said that it should be skipped.
    const lost = tests.filter((test) => test.result().state === 'pending' && test.options.mode === 'run')
    const skipped = tests.filter((test) => test.result().state === 'skipped' || (test.result().state === 'pending' && test.options.mode !== 'run'))
    const broken = modules.filter((module) => module.errors().length > 0 || module.children.size === 0)
    const failures = failed.length + lost.length + broken.length + unhandled.length
    const folder = fileURLToPath(new URL('../.local/', import.meta.url))
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}tests.json`, JSON.stringify({
      passed: passed.length, failed: failures, skipped: skipped.length,
      failures: [...failed, ...lost].map(({ module, fullName }) => `${module.relativeModuleId}: ${fullName}`).concat(broken.map(({ relativeModuleId }) => relativeModuleId)),
      skips: skipped.map((test) => ({ test: `${test.module.relativeModuleId}: ${test.fullName}`, why: note(test) })),
    }, null, 2))
    process.stdout.write(`\n${passed.length} passed, ${failures} failed, ${skipped.length} skipped\n`)
  }
}

const note = (test: ReturnType<TestModule['children']['allTests']> extends Generator<infer T> ? T : never): string => {
  const result = test.result()
  return (result.state === 'skipped' ? result.note : undefined) ?? test.name
}
