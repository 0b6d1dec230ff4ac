import { needs, type Pipeline } from './pipeline.ts'
import type { Step } from './step.ts'

/** The definition without its functions: plain JSON. A change of privilege, partner or key shows as a difference of it. */
export function manifest(pipeline: Pipeline): object {
  const { name, trigger, sensitive, timeout, outcomeDays, steps } = pipeline
  return plain({ name, trigger, sensitive: [...sensitive].sort(), timeout, outcomeDays, steps: shown(steps), needs: needs(pipeline) }, name) as object
}

const shown = (step: Step<never, unknown>): object => ({
  kind: step.kind, config: step.config,
  ...step.sends && { sends: step.sends.map(({ to, once }) => ({ to: to.name, once })) },
  ...step.reveals && { reveals: step.reveals },
  ...step.steps && { steps: step.steps.map(shown) },
})

/** Copies what JSON shows truly and refuses what it would show as something else; the `run` of a named value is left out. */
function plain(value: unknown, where: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map((item, i) => plain(item, `${where}[${i}]`))
  if (typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)) {
    return Object.fromEntries(Object.entries(value)
      .filter(([, member]) => member !== undefined && typeof member !== 'function')
      .map(([name, member]) => [name, plain(member, `${where}.${name}`)]))
  }
  throw new TypeError(`manifest of ${where}: only plain JSON can be shown to a reviewer; give it a named value`)
}
