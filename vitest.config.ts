import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Synth in tests skips CloudFormation's validator; the CI synth runs it.
    env: { CDK_VALIDATION: 'false', NODE_NO_WARNINGS: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', './test/reporter.ts'],
  },
})
