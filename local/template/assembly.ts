import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface RawResource {
  readonly Type: string
  readonly Properties?: Readonly<Record<string, unknown>>
  readonly Metadata?: Readonly<Record<string, unknown>>
}

export interface RawTemplate {
  /** Says whose stack it is: see infra/names.ts. */
  readonly Metadata?: { readonly sallyport?: { readonly id: string; readonly stage: string } }
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>
  readonly Resources?: Readonly<Record<string, RawResource>>
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>>
}

/** The stacks of a cloud assembly, by name. */
export interface Assembly {
  readonly folder: string
  readonly stacks: Readonly<Record<string, RawTemplate>>
}

/** Reads a `cdk.out` folder by its manifest: of all its stacks those that are ours. Throws a sentence for none, and for two apps. */
export function readAssembly(folder: string): Assembly {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const { artifacts } = read('manifest.json') as { artifacts: Record<string, { type: string; properties?: { templateFile?: string } }> }
  const stacks: Record<string, RawTemplate> = {}
  for (const [name, { type, properties }] of Object.entries(artifacts)) {
    if (type !== 'aws:cloudformation:stack' || properties?.templateFile === undefined) continue
    const template = read(properties.templateFile) as RawTemplate
    if (template.Metadata?.sallyport !== undefined) stacks[name] = template
  }
  const apps = new Set(Object.values(stacks).map(({ Metadata }) => Metadata?.sallyport?.id))
  if (apps.size === 0) throw new Error('the app of cdk.json makes no Sallyport: it should hold new Sallyport(app, …)')
  if (apps.size > 1) throw new Error(`the app of cdk.json makes ${apps.size} Sallyports, ${[...apps].join(' and ')}, and the local run takes one: give each an app of its own`)
  return { folder, stacks }
}
