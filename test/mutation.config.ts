import { defineConfig } from 'vitest/config'

/**
 * The tests by which stryker.config.mjs judges: those of ciphers, hashes, keys and the runtime, without a process or a stack;
 * or those that `TESTS` names, with commas between them.
 */
export default defineConfig({
  test: {
    env: { CDK_VALIDATION: 'false', NODE_NO_WARNINGS: '1' },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    include: process.env['TESTS']?.split(',') ?? ['test/{functions/{accounts,ciphers,hashes,signatures,steps},layers}/**/*.test.ts'],
  },
})
