import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Template } from '../infra/synthesized.ts'

// Through the command line and the real build, as a user deploys: `new App()` in a test would not show what is missing.
const home = fileURLToPath(new URL('../..', import.meta.url))
const pipelines = fileURLToPath(new URL('../infra/fixtures/pipelines', import.meta.url))

/** Rejects unless the synth ends well. */
async function cdk(out: string, ...args: string[]): Promise<void> {
  const env = { ...process.env, PATH: [join(home, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter), CDK_VALIDATION: 'false' }
  await promisify(execFile)('cdk', ['synth', '-q', '-o', out, ...args], { cwd: home, env })
}

const read = (out: string, file: string): string => readFileSync(join(out, file), 'utf8')
const files = ['Sallyport-dev.template.json', 'Sallyport-dev-state.template.json']

describe('cdk synth', () => {
  const [one, two] = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'sallyport-synth-'))) as [string, string]
  beforeAll(async () => {
    // One after the other: both build into the same folder.
    for (const out of [one, two]) await cdk(out, '-c', `pipelines=${pipelines}`)
  })

  test('two runs give the same templates, and assets by the same names', () => {
    for (const file of files) expect(read(one, file)).toBe(read(two, file))
  })

  test('what `sam local` reads: a folder for each function and the layer, and the short name of each function', () => {
    const { Resources } = JSON.parse(read(one, 'Sallyport-dev.template.json')) as Template
    const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
    // Short names are read from STACK/FUNCTION/Resource, and no deeper.
    expect(functions.map(({ Metadata }) => Metadata?.['aws:cdk:path'])).toEqual(['intake', 'vault-intake', 'jwks', 'keys', 'ledger', 'fallback'].map((name) => `Sallyport-dev/${name}/Resource`))
    for (const { Metadata } of functions) {
      expect(Metadata).toMatchObject({ 'aws:asset:property': 'Code', 'aws:asset:is-bundled': false })
      expect(existsSync(join(one, Metadata?.['aws:asset:path'] as string, 'index.js'))).toBe(true)
    }
    const [layer] = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::LayerVersion')
    expect(layer?.Metadata).toMatchObject({ 'aws:asset:property': 'Content' })
    expect(readdirSync(join(one, layer?.Metadata?.['aws:asset:path'] as string, 'nodejs/node_modules'))).toEqual(['sallyport-runtime'])
  })

  test('nothing but the two stacks, and nothing of this machine in them', () => {
    expect(readdirSync(one).filter((file) => file.endsWith('.template.json')).sort()).toEqual(files.toSorted())
    for (const file of files) {
      expect(read(one, file)).not.toContain(home)
      expect(read(one, file)).not.toContain('AWS::CDK::Metadata')
    }
  })

  test.each([
    [{ stage: 'prod', origins: '{"bank":"http://127.0.0.1:1"}' }, 'stage prod: origins may be given to the stage local alone; elsewhere they stand in the accounts, reviewed'],
    [{ stage: 'local', origins: '["bank"]' }, 'context origins: write a JSON object with an address for each account'],
    [{ stage: 'nowhere', pipelines }, 'pipeline intake: account bank has no origin for the stage nowhere; it knows dev and prod'],
  ])('%j is refused in a sentence, without a stack trace', async (context, sentence) => {
    const run = promisify(execFile)(process.execPath, ['cli/main.ts', 'app', 'infra/app.ts'], { cwd: home, env: { ...process.env, CDK_CONTEXT_JSON: JSON.stringify(context) } })
    await expect(run).rejects.toMatchObject({ code: 1, stderr: `${sentence}\n` })
  })

  test('stage local takes the origins of the local run, and they stand in no template', async () => {
    const out = mkdtempSync(join(tmpdir(), 'sallyport-synth-'))
    await cdk(out, '-c', `pipelines=${pipelines}`, '-c', 'stage=local', '-c', 'origins={"bank":"http://127.0.0.1:54321"}')
    for (const file of ['Sallyport-local.template.json', 'Sallyport-local-state.template.json']) expect(read(out, file)).not.toContain('54321')
  })
})
