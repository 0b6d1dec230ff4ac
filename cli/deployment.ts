import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RawTemplate } from '../local/template/assembly.ts'
import { project } from './folders.ts'
import { Usage } from './usage.ts'

interface Assembly {
  readonly artifacts?: Readonly<Record<string, { readonly type: string; readonly properties?: { readonly templateFile?: string } }>>
}

type Mark = NonNullable<NonNullable<RawTemplate['Metadata']>['sallyport']>

/** What the stacks of a synthesized app say of themselves; nothing where none was synthesized or it cannot be read. */
function marksOf(folder: string): Mark[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  if (!existsSync(join(folder, 'manifest.json'))) return []
  try {
    return Object.values((read('manifest.json') as Assembly).artifacts ?? {})
      .flatMap(({ type, properties }) => type === 'aws:cloudformation:stack' && properties?.templateFile !== undefined ? [properties.templateFile] : [])
      .flatMap((file) => (read(file) as RawTemplate).Metadata?.sallyport ?? [])
  } catch {
    // A synth may be writing there at this moment.
    return []
  }
}

/**
 * The id of the app that a stage was deployed from: as given, else as cdk.out or .local/cdk.out say (of that stage, else of
 * any), else `Sallyport`. Throws {@link Usage} for an id that is none, and where the app has several.
 */
export function idOf(stage: string, given?: string): string {
  if (given !== undefined) {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,39}$/.test(given)) throw new Usage('--id: write letters, digits and hyphens, at most 40, beginning with a letter')
    return given
  }
  const marks = ['cdk.out', '.local/cdk.out'].flatMap((folder) => marksOf(join(project, folder)))
  const own = marks.filter((mark) => mark.stage === stage)
  const ids = [...new Set((own.length > 0 ? own : marks).map(({ id }) => id))]
  if (ids.length > 1) throw new Usage(`this project makes several apps, ${ids.join(' and ')}: --id says which`)
  return ids[0] ?? 'Sallyport'
}
