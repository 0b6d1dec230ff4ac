import { defineConfig } from 'vitest/config'

/**
 * First all that stands alone, several files at once: most of them wait for processes. Then the tests of the running
 * stack, which share it, its partners and its faults: one file after another.
 */
export default defineConfig({
  test: {
    // Synth in tests skips CloudFormation's validator; the CI synth runs it.
    env: { CDK_VALIDATION: 'false', NODE_NO_WARNINGS: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/reporter.ts'],
    projects: [
      { extends: true, test: { name: 'rooms', include: ['test/**/*.test.ts'], exclude: ['test/alone/**', 'test/load/**', 'test/system/**', 'test/package/**', 'test/peers/**'], maxWorkers: 3, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'system', include: ['test/system/**/*.test.ts'], globalSetup: './test/system/setup.ts', fileParallelism: false, sequence: { groupOrder: 1 } } },
      // Runs that need a stack, or a machine, of their own. `npm run test:alone`.
      { extends: true, test: { name: 'alone', include: ['test/alone/*.test.ts'], sequence: { groupOrder: 2 }, maxWorkers: 2 } },
      // The duplicate check under load and kills, on a stack of its own. `npm run test:load`.
      { extends: true, test: { name: 'load', include: ['test/load/*.test.ts'], fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 2 } } },
      // Against programs that others wrote. `npm run test:peers` installs them.
      { extends: true, test: { name: 'peers', include: ['test/peers/*.test.ts'], sequence: { groupOrder: 2 }, maxWorkers: 2 } },
      // As a stranger meets it: packed, installed into an empty folder, and used by README alone. `npm run test:package`.
      { extends: true, test: { name: 'package', include: ['test/package/*.test.ts'], sequence: { groupOrder: 3 }, maxWorkers: 1 } },
    ],
  },
})
