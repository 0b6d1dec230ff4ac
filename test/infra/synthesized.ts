import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { ownFunctions, type Definitions } from '../../infra/build.ts'
import { Sallyport, type SallyportProps } from '../../infra/index.ts'
import applicant from './fixtures/failures/applicant.ts'
import failuresRealm from './fixtures/failures/realm.ts'
import shipment from './fixtures/failures/shipment.ts'
import intake from './fixtures/pipelines/intake.ts'
import fixtureRealm from './fixtures/pipelines/realm.ts'
import vaultIntake from './fixtures/pipelines/vault-intake.ts'
import notice from './fixtures/queues/notice.ts'
import payout from './fixtures/queues/payout.ts'
import queuesRealm from './fixtures/queues/realm.ts'
import settlement from './fixtures/queues/settlement.ts'
import keep from './fixtures/stores/keep.ts'
import storesRealm from './fixtures/stores/realm.ts'
import recall from './fixtures/stores/recall.ts'
import loanApplication from '../../functions/pipelines/loan-application.ts'
import encryptedPayment from '../../functions/pipelines/encrypted-payment.ts'
import exampleRealm from '../../functions/pipelines/realm.ts'

// The validator of CloudFormation costs seconds a synth; the CI synth runs it.
process.env['CDK_VALIDATION'] = 'false'

export const fixture: Definitions = { realm: fixtureRealm, pipelines: [intake, vaultIntake] }
export const stores: Definitions = { realm: storesRealm, pipelines: [keep, recall] }
export const queues: Definitions = { realm: queuesRealm, pipelines: [notice, payout, settlement] }
export const failures: Definitions = { realm: failuresRealm, pipelines: [applicant, shipment] }
export const examples: Definitions = { realm: exampleRealm, pipelines: [encryptedPayment, loanApplication] }

export interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, never>>
  readonly Metadata?: Readonly<Record<string, unknown>>
  readonly DeletionPolicy?: string
  readonly UpdateReplacePolicy?: string
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>
}

const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as { context: Record<string, unknown> }

/** As the CLI would: `new App()` alone ignores cdk.json and leaves out what `sam local` reads. */
export const newApp = (): App => new App({
  context: { ...context, 'aws:cdk:enable-asset-metadata': true, 'aws:cdk:enable-path-metadata': true }, outdir: mkdtempSync(join(tmpdir(), 'sallyport-infra-')),
})

let stub: string | undefined
/** Folders that stand for bundles: what is in them does not matter to a template. */
export function stubs({ pipelines }: Definitions) {
  stub ??= mkdtempSync(join(tmpdir(), 'sallyport-stub-'))
  const folder = (name: string): string => {
    const path = join(stub as string, name)
    if (!existsSync(path)) {
      mkdirSync(path)
      writeFileSync(join(path, 'index.js'), `// ${name}\n`)
    }
    return path
  }
  return { layer: folder('layer'), definitions: '', functions: Object.fromEntries([...pipelines.map(({ name }) => name), ...ownFunctions].map((name) => [name, folder(name)])) }
}

export const construct = (definitions: Definitions, props: Partial<SallyportProps> = {}, app = newApp(), built = stubs(definitions)): Sallyport =>
  new Sallyport(app, 'Sallyport', { pipelines: '', ...props }, { definitions, built })

export interface Synthesized {
  readonly sallyport: Sallyport
  readonly state: Template
  readonly stateless: Template
  /** Resources of a type in both templates, by construct path. */
  readonly all: (type: string) => Readonly<Record<string, Resource>>
  /** The value with every reference resolved to something readable: `Sallyport-dev-state/ledger` with the attribute behind it. */
  readonly plain: (value: unknown) => never
}

const made = new Map<string, Synthesized>()

/** One synth for all tests of a file that ask for the same. */
export function synthesized(definitions: Definitions, props: Partial<SallyportProps> = {}): Synthesized {
  const key = JSON.stringify([definitions.pipelines.map(({ name }) => name), props])
  let done = made.get(key)
  if (done === undefined) made.set(key, done = synthesize(construct(definitions, props)))
  return done
}

export function synthesize(sallyport: Sallyport): Synthesized {
  const assembly = (sallyport.node.root as App).synth()
  const [state, stateless] = [sallyport.state, sallyport.stateless].map(({ artifactId }) => assembly.getStackArtifact(artifactId).template as Template) as [Template, Template]
  const pathOf = (id: string): string => {
    const resource = state.Resources[id] ?? stateless.Resources[id]
    return (resource?.Metadata?.['aws:cdk:path'] as string | undefined ?? id).replace(/\/Resource$/, '')
  }
  const exported = new Map(Object.values(state.Outputs ?? {}).flatMap(({ Export, Value }) => Export === undefined ? [] : [[Export.Name, Value] as const]))
  const pseudo: Readonly<Record<string, string>> = { 'AWS::Partition': 'aws', 'AWS::Region': 'us-east-1', 'AWS::AccountId': '123456789012', 'AWS::URLSuffix': 'amazonaws.com' }
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    const [[name, of] = ['', undefined]] = Object.entries(value)
    switch (name) {
      case 'Ref': return pseudo[of as string] ?? pathOf(of as string)
      case 'Fn::GetAtt': return `${pathOf((of as string[])[0] as string)}.${(of as string[])[1]}`
      case 'Fn::Join': return (plain((of as unknown[])[1]) as unknown[]).join((of as string[])[0])
      case 'Fn::ImportValue': return plain(exported.get(of as string) ?? `${JSON.stringify(of)} is exported by nobody`)
      default: return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
    }
  }
  return {
    sallyport, state, stateless, plain: plain as (value: unknown) => never,
    all: (type) => Object.fromEntries([state, stateless].flatMap(({ Resources }) => Object.entries(Resources)).filter(([, { Type }]) => Type === type).map(([id, resource]) => [pathOf(id), resource])),
  }
}
