import { createRequire } from 'node:module'

/** The files of a new project, by path. `id` begins the names of all that it makes in an account: `Payments`. */
export const files = (id: string): Readonly<Record<string, string>> => ({
  'cdk.json': `${JSON.stringify({
    app: 'npx sallyport app infra.ts', output: 'cdk.out', versionReporting: false,
    context: createRequire(import.meta.url)('aws-cdk-lib/recommended-feature-flags.json') as object,
  }, null, 2)}\n`,
  'infra.ts': `import { App } from 'aws-cdk-lib'
import { Sallyport } from 'sallyport/infra'

const app = new App()
new Sallyport(app, '${id}', { pipelines: './pipelines' })
`,
  'tsconfig.json': `${JSON.stringify({
    compilerOptions: {
      target: 'es2024', lib: ['es2024'], module: 'nodenext', strict: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true,
      erasableSyntaxOnly: true, allowImportingTsExtensions: true, resolveJsonModule: true, noEmit: true, skipLibCheck: true, types: ['node'],
    },
    include: ['*.ts', 'pipelines', 'steps', 'test'],
  }, null, 2)}\n`,
  '.gitignore': 'node_modules/\ncdk.out/\n.local/\n',
  'pipelines/realm.ts': `import { hashKey, identifier, lowerCase, realm } from 'sallyport'

/** An e-mail address, however it is written: kept as a keyed digest, never as itself. */
export const email = identifier('email', { key: hashKey('identity'), normalize: lowerCase })

/** What stands under these names comes out as *** in every log line. */
export default realm({ sensitive: ['email', 'name'], logRetentionDays: 90 })
`,
  'pipelines/sign-up.ts': `import { flow, iam, pipeline, post } from 'sallyport'
import { deduplicate, log, validate } from 'sallyport/steps'
import * as v from 'valibot'
import { greet } from '../steps/greet.ts'
import { email } from './realm.ts'

const SignUp = v.strictObject({
  email: v.pipe(v.string(), v.email(), v.maxLength(254)),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(80)),
})

/** Takes a sign-up once: the same address within thirty days is refused, though no address is stored. */
export default pipeline({
  name: 'sign-up',
  trigger: post('/sign-ups', { auth: iam(), status: 201 }),
  steps: flow(
    validate(SignUp),
    log((signUp) => ({ signUp })),
    deduplicate({ by: 'email', as: email, days: 30 }),
    greet(),
  ),
})
`,
  'pipelines/sign-up.example.json': `${JSON.stringify({ email: 'ada@example.com', name: 'Ada' })}\n`,
  'steps/greet.ts': `import type { Step } from 'sallyport'

/** A step of your own is an object like this. What it may touch it says in \`needs\`; what is impure it gets from \`io\`. */
export const greet = <T extends { readonly name: string }>(): Step<T, { greeting: string }> => ({
  kind: 'greet',
  config: {},
  needs: [],
  run: ({ name }) => ({ greeting: \`Welcome, \${name}\` }),
})
`,
  'test/sign-up.test.ts': `import { sandbox } from 'sallyport/testing'
import { expect, test } from 'vitest'
import example from '../pipelines/sign-up.example.json' with { type: 'json' }
import signUp from '../pipelines/sign-up.ts'

test('an address signs up once', async () => {
  const world = sandbox()
  expect(await world.run(signUp, example)).toMatchObject({ status: 201, body: { greeting: 'Welcome, Ada' } })
  expect(await world.run(signUp, { ...example, email: 'ADA@example.com' })).toMatchObject({ status: 409, fault: 'DUPLICATE' })
})
`,
})

/** What a project's package.json has besides what stands in it. */
export const manifest = (version: string) => ({
  private: true,
  type: 'module',
  scripts: { start: 'sallyport start', test: 'sallyport test', typecheck: 'tsc --noEmit' },
  dependencies: { sallyport: `^${version}`, 'aws-cdk-lib': '^2.276.0', constructs: '^10.8.1', valibot: '^1.5.0' },
  devDependencies: { 'aws-cdk': '^2.1148.1', typescript: '^7.0.2', vitest: '^5.1.1' },
})
