import type { Need, Pipeline, Step, Trigger } from 'sallyport'

type Any = Step<never, unknown>
/** Where a part of the diagram begins and ends. */
interface Ends { readonly firsts: readonly string[]; readonly lasts: readonly string[] }

const quoted = (text: string): string => `"${text.replaceAll('"', '#quot;')}"`

/** A pipeline as a Mermaid flowchart: its steps, the partners they send to, and what they touch at rest. */
export function mermaid(pipeline: Pipeline): string {
  const { trigger } = pipeline
  const inside: string[] = []
  const outside = new Map<string, string>()
  const edges: string[] = []
  let count = 0

  const join = (from: readonly string[], to: readonly string[], label?: string): void => {
    for (const a of from) for (const b of to) inside.push(`    ${a} -->${label === undefined ? '' : `|${label}|`} ${b}`)
  }

  function leaf(step: Any): Ends {
    const id = `s${++count}`
    inside.push(`    ${id}[${step.kind}]`)
    for (const { to, once } of step.sends ?? []) {
      const partner = `p_${to.name.replaceAll('-', '_')}`
      outside.set(partner, `${partner}[/${to.name}/]`)
      const sealed = 'seal' in step.config && step.config.seal !== undefined
      edges.push(`  ${id} == ${quoted([sealed ? 'sealed' : 'readable', ...once === undefined ? [] : [`once per ${once}`]].join(', '))} ==> ${partner}`)
    }
    for (const need of step.needs) {
      const kept = keptIn(need)
      if (kept === undefined) continue
      outside.set(kept.id, kept.shape)
      edges.push(`  ${id} -.-> ${kept.id}`)
    }
    return { firsts: [id], lasts: [id] }
  }

  function draw(step: Any): Ends {
    const { steps } = step
    if (steps === undefined) return leaf(step)
    if (step.kind === 'flow') return chain(steps)
    const id = `g${++count}`
    inside.push(`    subgraph ${id} [${step.kind}]`)
    // The second part of a rescue runs after the first has failed; those of a when are one or the other.
    const parts = steps.map(draw)
    const [first, second] = parts
    if (step.kind === 'rescue' && first && second) join(first.lasts, second.firsts, 'fault')
    inside.push('    end')
    return {
      firsts: (step.kind === 'rescue' ? parts.slice(0, 1) : parts).flatMap(({ firsts }) => firsts),
      lasts: parts.flatMap(({ lasts }) => lasts),
    }
  }

  function chain(steps: readonly Any[]): Ends {
    const parts = steps.map(draw)
    for (const [i, part] of parts.entries()) {
      const next = parts[i + 1]
      if (next) join(part.lasts, next.firsts)
    }
    return { firsts: parts[0]?.firsts ?? [], lasts: parts.at(-1)?.lasts ?? [] }
  }

  const { firsts } = draw(pipeline.steps)
  return [
    'flowchart LR',
    ...began(trigger, firsts),
    `  subgraph ${pipeline.name.replaceAll('-', '_')} [${quoted(`${pipeline.name}: one invocation`)}]`,
    ...inside, '  end', ...[...outside.values()].map((shape) => `  ${shape}`), ...edges,
  ].join('\n')
}

/** Who begins it, and the queue in which messages wait before the first steps. */
function began(trigger: Trigger<never>, firsts: readonly string[]): string[] {
  const what = trigger.accept === 'application/json' ? 'JSON' : 'sealed'
  const waiting = (shown: string): string[] => [
    `  queue[(${quoted(shown)})]`, '  dead[(dead letters)]', ...firsts.map((first) => `  queue --> ${first}`), `  queue -. ${quoted('failed')} .-> dead`,
  ]
  switch (trigger.kind) {
    case 'http': return firsts.map((first) => `  sender([sender]) -- ${quoted(`${trigger.method} ${trigger.path}, ${what}`)} --> ${first}`)
    case 'async': return [`  sender([sender]) -- ${quoted(`${trigger.method} ${trigger.path}, ${what}, answered at once`)} --> queue`, ...waiting('queue: sealed')]
    case 'queue': return [`  sender([sender]) -- ${quoted(what)} --> queue`, ...waiting(`queue ${trigger.name}: ${rests(trigger)}`)]
    case 'event': return [`  bus([${quoted(`events of ${trigger.pattern.source.join(', ')}`)}]) -- ${quoted(what)} --> queue`, ...waiting(`queue: ${rests(trigger)}`)]
  }
}

const rests = ({ readable }: { readonly readable?: string }): string => readable === undefined ? 'sealed' : 'readable'

/** What is in the tables of ours that a step touches. */
const tables: Readonly<Record<string, string>> = { ledger: 'ledger: keyed digests', outcomes: 'failures: no payload' }

/** What stays behind a step at rest; a partner's own account is shown as the partner. */
function keptIn({ resource: { kind, name } }: Need): { readonly id: string; readonly shape: string } | undefined {
  const id = `${kind}_${name}`.replaceAll('-', '_')
  // Where the versions of a key are: the key itself is shown.
  if (kind === 'table' && name === 'keys') return undefined
  if (kind === 'table') return { id, shape: `${id}[(${quoted(tables[name] ?? `table ${name}`)})]` }
  if (kind === 'store') return { id, shape: `${id}[(${quoted(`store ${name}: sealed`)})]` }
  if (kind === 'key') return { id, shape: `${id}{{${quoted(`KMS key ${name}`)}}}` }
  return undefined
}

