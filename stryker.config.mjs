import { existsSync, mkdirSync, symlinkSync } from 'node:fs'

// The published test data lie beside the repository, and the tests look for them beside their copy.
const copies = '.local/mutation'
mkdirSync(copies, { recursive: true })
if (existsSync('../shared') && !existsSync(`${copies}/shared`)) symlinkSync('../../../shared', `${copies}/shared`)

/**
 * `npm run mutation`: changes what seals, hashes and keeps keys, a little at a time, and looks whether a test notices
 * (docs/mutation.md). It takes hours; `npm run mutation -- --mutate functions/ciphers/aes-gcm.ts` takes minutes.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/mutation.config.ts' },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 20_000,
  mutate: [
    'functions/ciphers/{aes-gcm,kms-envelope,jwe,jwe-json,opener,aes-cbc-hmac,rsa-oaep,pbe,pgp,legacy}.ts',
    'functions/ciphers/{jwe,parts,pbe,rsa,pgp,legacy}/*.ts',
    'functions/ciphers/fields/*.ts',
    'functions/ciphers/files/*.ts',
    'functions/hashes/**/*.ts',
    'functions/signatures/**/*.ts',
    'layers/runtime/{envelope,data-key,sealing,digest,key-ring,versions,signing,private-key,mac-key,kid}.ts',
  ],
  // Stryker rewrites tsconfig.json by the compiler's JavaScript API, which TypeScript 7 has not; nothing in it needs that.
  tsconfigFile: 'none',
  ignorePatterns: ['/cdk.out', '/dist', '/.local', '/docs'],
  tempDirName: copies,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: '.local/mutation.json' },
  allowConsoleColors: false,
}
