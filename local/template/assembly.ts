import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface RawResource {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
  readonly Metadata?: Readonly<Record<string, unknown>>
}

export interface RawTemplate {
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>
  readonly Resources?: Readonly<Record<string, RawResource>>
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>>
}

/** The stacks of a cloud assembly, by name. */
export interface Assembly {
  readonly folder: string
  readonly stacks: Readonly<Record<string, RawTemplate>>
}

/** Reads a `cdk.out` folder by its manifest. */
export function readAssembly(folder: string): Assembly {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const { artifacts } = read('manifest.json') as { artifacts: Record<string, { type: string; properties?: { templateFile?: string } }> }
  const stacks: Record<string, RawTemplate> = {}
  for (const [name, { type, properties }] of Object.entries(artifacts)) {
    if (type === 'aws:cloudformation:stack' && properties?.templateFile !== undefined) stacks[name] = read(properties.templateFile) as RawTemplate
  }
  if (Object.keys(stacks).length === 0) throw new Error(`${folder} holds no stack: it should be the output of cdk synth`)
  return { folder, stacks }
}
