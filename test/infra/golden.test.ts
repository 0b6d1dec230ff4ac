import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { manifest } from 'sallyport/manifest'
import { examples, synthesized } from './synthesized.ts'
import { shorten } from './shorten.ts'

// What each function may do, as it is deployed, and the definition it follows from. A change of privilege is a change of
// these files: UPDATE_GOLDEN=1 npx vitest run test/infra/golden.test.ts, and the difference goes through review.
const { all, plain } = synthesized(examples)
const folder = new URL('golden/', import.meta.url)

interface Statement { readonly Action: string | string[]; readonly Resource: string; readonly Effect: string; readonly Condition?: object }

const short = (resource: string): string => resource.replace('arn:aws:logs:us-east-1:123456789012:', '').replace('Sallyport-dev-state/', '').replace(/\.Arn$/, '')

function policyOf(name: string): object[] {
  const { PolicyDocument } = plain(all('AWS::IAM::ManagedPolicy')[`Sallyport-dev/${name}-Policy`]?.Properties) as { PolicyDocument: { Statement: Statement[] } }
  return PolicyDocument.Statement.map(({ Action, Resource, Effect, Condition }) => ({ [Effect.toLowerCase()]: Action, on: short(Resource), ...Condition && { if: Condition } }))
}

/** The content as it is now, and as the file has it: `UPDATE_GOLDEN=1` makes them one. */
function compared(name: string, content: object): [now: string, golden: string] {
  const file = new URL(`${name}.json`, folder)
  const now = `${shorten(content)}\n`
  if (process.env['UPDATE_GOLDEN'] !== undefined) writeFileSync(file, now)
  return [now, readFileSync(file, 'utf8')]
}

const environmentOf = (name: string): object => plain((all('AWS::Lambda::Function')[`Sallyport-dev/${name}`]?.Properties['Environment'] as unknown as { Variables?: object } | undefined)?.Variables ?? {})

test.each(examples.pipelines.map((pipeline) => [pipeline.name, pipeline] as const))('%s may do what its golden file says', (name, pipeline) => {
  const [now, golden] = compared(name, { policy: policyOf(name), environment: environmentOf(name), manifest: manifest(pipeline) })
  expect(now).toBe(golden)
})

test.each(['jwks', 'keys', 'ledger', 'failures', 'fallback'])('our own function %s may do what its golden file says', (name) => {
  const [now, golden] = compared(name, { policy: policyOf(name), environment: environmentOf(name) })
  expect(now).toBe(golden)
})

test('there is no golden file without a function', () => {
  const functions = Object.keys(all('AWS::Lambda::Function')).map((path) => `${path.replace('Sallyport-dev/', '')}.json`)
  expect(readdirSync(folder).sort()).toEqual(functions.sort())
})
