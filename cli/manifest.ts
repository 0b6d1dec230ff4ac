import { styleText } from 'node:util'
import type { Trigger, Waiting } from 'sallyport'
import { manifest as shown } from 'sallyport/manifest'
import { mermaid } from './diagram.ts'
import { folderOf, pipelinesOf } from './folders.ts'
import { readOptions, Usage } from './usage.ts'

interface Part {
  readonly kind: string
  readonly config: Readonly<Record<string, unknown>>
  readonly sends?: readonly { readonly to: string; readonly once?: string }[]
  readonly steps?: readonly Part[]
}

interface Manifest {
  readonly name: string
  readonly trigger: Trigger<never>
  readonly sensitive: readonly string[]
  readonly timeout: number
  readonly outcomeDays?: number
  readonly steps: Part
  readonly needs: readonly { readonly resource: { readonly kind: string; readonly name: string }; readonly actions: readonly string[] }[]
}

/** Steps one below the other, those of a composite indented. */
function* lines({ kind, config, sends = [], steps = [] }: Part, depth = 0): Generator<string> {
  const options = Object.entries(config).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const partners = sends.map(({ to, once }) => `→ ${to}${once === undefined ? '' : ` once per ${once}`}`)
  if (depth > 0) yield `${'  '.repeat(depth)}${kind} ${styleText('dim', [...options, ...partners].join(' '))}`.trimEnd()
  for (const step of steps) yield* lines(step, depth + 1)
}

/** What begins it, on a line or two. */
function* beginnings({ trigger, timeout, outcomeDays }: Manifest): Generator<string> {
  const { accept } = trigger
  switch (trigger.kind) {
    case 'http': return yield `${trigger.method} ${trigger.path}  ${accept}, ${trigger.auth.scheme}, replies ${trigger.status}, ${timeout} s`
    case 'async': {
      yield `${trigger.method} ${trigger.path}  ${accept}, ${trigger.auth.scheme}, replies ${trigger.status} at once, ${timeout} s behind a queue, ${worked(trigger)}`
      return yield `GET ${trigger.path}/{id}  what became of it, for ${outcomeDays} days`
    }
    case 'queue': yield `queue ${trigger.name}${trigger.fifo ? ', fifo' : ''}  ${accept}, ${timeout} s, ${worked(trigger)}`; break
    case 'event': yield `events of ${trigger.pattern.source.join(', ')}  ${accept}, ${timeout} s, ${worked(trigger)}`; break
  }
  if (trigger.readable !== undefined) yield `rests readable in the queue: ${trigger.readable}`
}

const worked = ({ attempts, batch, concurrency }: Waiting): string => [`${attempts} attempt${attempts === 1 ? '' : 's'}`, ...batch > 1 ? [`${batch} at once`] : [], ...concurrency === undefined ? [] : [`${concurrency} side by side`]].join(', ')

function page(manifest: Manifest): string {
  const { name, sensitive, steps, needs } = manifest
  const width = Math.max(...needs.map(({ resource }) => `${resource.kind} ${resource.name}`.length))
  return [
    styleText('bold', name),
    ...[...beginnings(manifest)].map((line) => `  ${line}`),
    ...sensitive.length > 0 ? [`  sensitive: ${sensitive.join(', ')}`] : [],
    '  steps', ...[...lines(steps)].map((line) => `  ${line}`),
    '  needs', ...needs.map(({ resource, actions }) => `    ${`${resource.kind} ${resource.name}`.padEnd(width)}  ${actions.join(', ')}`),
  ].join('\n')
}

/** Shows what each pipeline is: JSON for reviews by machine, a page each for people, or a diagram. */
export async function manifest(args: string[]): Promise<number> {
  const { values, positionals: [only, ...more] } = readOptions({
    args, allowPositionals: true, options: { json: { type: 'boolean', default: false }, mermaid: { type: 'boolean', default: false }, pipelines: { type: 'string' } },
  })
  if (more.length > 0) throw new Usage('name one pipeline, or none for all')
  const all = await pipelinesOf(folderOf(values.pipelines))
  const pipelines = all.filter(({ name }) => only === undefined || name === only)
  if (pipelines.length === 0) throw new Usage(`there is no pipeline ${only}; there are ${all.map(({ name }) => name).join(', ')}`)
  if (values.mermaid) {
    // As Markdown, which is where a diagram is read; one alone can be piped into a renderer.
    process.stdout.write(only === undefined ? `${pipelines.map((pipeline) => `## ${pipeline.name}\n\n\`\`\`mermaid\n${mermaid(pipeline)}\n\`\`\``).join('\n\n')}\n` : `${pipelines.map(mermaid).join('')}\n`)
    return 0
  }
  const manifests = pipelines.map((pipeline) => shown(pipeline) as Manifest)
  process.stdout.write(values.json ? `${JSON.stringify({ pipelines: manifests }, null, 2)}\n` : `${manifests.map(page).join('\n\n')}\n`)
  return 0
}
