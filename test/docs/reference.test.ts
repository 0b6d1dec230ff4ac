import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { reference, type Reference } from '../../cli/reference.ts'

const page = join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/reference.md')

/** Options of constructs and of the sandbox, and two key accounts: their members say it all. None may be added. */
const silent = [
  'sallyport/accounts/public-key publicKey', 'sallyport/accounts/secret-key secretKey',
  ...['BlueprintProps', 'KeyPairsProps', 'PipelineFunctionProps', 'SallyportProps', 'StatelessProps', 'StateProps'].map((name) => `sallyport/infra ${name}`),
  ...['MessageOptions', 'sandbox', 'SandboxOptions'].map((name) => `sallyport/testing ${name}`),
]

let made: Reference
beforeAll(async () => {
  made = await reference()
  if (process.env['UPDATE_REFERENCE'] === '1') writeFileSync(page, made.text)
})

test('the reference is what the docstrings say: UPDATE_REFERENCE=1 writes it', () => {
  expect(readFileSync(page, 'utf8')).toBe(made.text)
})

test('whatever is exported has a docstring', () => {
  expect(made.undocumented.filter((name) => !silent.includes(name))).toStrictEqual([])
})

test('steps are there with their options, and nothing private', () => {
  expect(made.text).toMatch(/### deduplicate\n[\s\S]*?interface Options<T> \{[\s\S]*?readonly by\?: KeyPath<T>[\s\S]*?function deduplicate<T>\(options: Options<T>\): Step<T, T>/)
  const code = [...made.text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, inner]) => inner).join('')
  expect(code).not.toMatch(/#private|^ *private |;$/m)
  expect(code).not.toMatch(/\$\{ /)
})
