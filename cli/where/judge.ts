import { ownSurfaces, surfacesOf } from './surfaces.ts'
import { valuesAt, type Field } from './example.ts'
import { Sought, statuses, type Sighting, type Status } from './search.ts'
import type { Marks, Played, Subject } from './scenarios.ts'
import { views } from './views.ts'
import { runtime, type Doer } from './witness.ts'

/** What a surface holds of a field: one row of the table. */
export interface Row {
  readonly surface: string
  readonly status: Status
  /** Whether the definition says so, where it is READABLE. */
  readonly declared: boolean
  /** Who put it there, as `6 call`. */
  readonly step?: string
  /** Part and encoding: `body, base64`. */
  readonly how?: string
  /** The scenario in which it was first seen. */
  readonly scenario?: string
}

/** What was found of one mark, by surface, step and status. */
export type Found = Map<string, Row>

/** All that was seen of the marks of one turn, by field. */
export function seen(played: readonly Played[], marks: Marks): Map<Field, Found> {
  const soughts = [...marks].map(([field, value]) => ({ field, sought: new Sought(value), found: new Map() as Found }))
  for (const { name, witness } of played) {
    const made = soughts.map(({ sought }) => witness.madeOf(sought))
    const parts = new Map<string, Set<string>>()
    for (const { surface, part, doer, content } of witness.contents) {
      const all = [...views(content)]
      soughts.forEach(({ field, sought, found }, i) => {
        const note = ({ status, how }: Sighting): void => {
          const shown = without(sought, surface)
          const declared = status === 'READABLE' && isDeclared(doer, surface, sought)
          const key = JSON.stringify([shown, doer.label, status, declared])
          if (!found.has(key)) found.set(key, { surface: shown, status, declared, step: doer.label, how: [without(sought, part), how].filter((each) => each !== '').join(', '), scenario: name })
        }
        const sightings = sought.among(all, made[i])
        sightings.forEach(note)
        if (sightings.some(({ status }) => status === 'READABLE')) return
        const key = JSON.stringify([surface, field.path])
        const there = parts.get(key) ?? new Set<string>()
        parts.set(key, there)
        const before = sought.isWhole(there)
        for (const view of all) for (const each of sought.parts(view)) there.add(each)
        if (!before && sought.isWhole(there)) note({ status: 'READABLE', how: 'in two parts' })
      })
    }
  }
  return new Map(soughts.map(({ field, found }) => [field, found]))
}

/** Runs with marks of their own: only what two of them show was there for the value, and not by chance. */
export function shownTwice(runs: readonly Found[]): Row[] {
  const all = new Map(runs.toReversed().flatMap((found) => [...found]))
  return [...all].filter(([key]) => times(runs, key) > 1).map(([, row]) => row)
}

/** Whether one run alone shows a leak. */
export const leaksOnce = (runs: readonly Found[]): boolean => runs.some((found) => [...found].some(([key, row]) => isLeak(row) && times(runs, key) === 1))

const times = (runs: readonly Found[], key: string): number => runs.filter((found) => found.has(key)).length

/** A name as it may be shown: it can hold the value, too. */
const without = (sought: Sought, name: string): string => sought.in(name).length > 0 ? `${name.split(' ')[0]} …` : name

const isDeclared = ({ step, payload }: Doer, surface: string, sought: Sought): boolean =>
  step?.reveals !== undefined && ownSurfaces(step).includes(surface) &&
  step.reveals.some((path) => valuesAt(payload, path).some((value) => sought.in(JSON.stringify(value) ?? '').some(({ status }) => status === 'READABLE')))

/** Every surface of the pipeline, the worst of each first; absent where nothing was found. */
export function table({ pipeline }: Subject, found: readonly Row[]): Row[] {
  const surfaces = [...new Set([...surfacesOf(pipeline), ...found.map(({ surface }) => surface)])]
    // A kind without a name of its own stands for those that have one.
    .filter((surface, _, all) => !(['table', 'AWS request'].includes(surface) && all.some((other) => other.startsWith(`${surface} `))))
  const worst = (row: Row): number => statuses.indexOf(row.status) * 2 + (row.declared ? 1 : 0)
  return surfaces.flatMap((surface): Row[] => {
    const rows = found.filter((row) => row.surface === surface).sort((a, b) => worst(a) - worst(b) || order(a) - order(b))
    return rows.length > 0 ? rows : [{ surface, status: 'absent', declared: false }]
  })
}

const order = ({ step = '' }: Row): number => step === runtime.label ? 1_000 : Number.parseInt(step, 10)

export const isLeak = ({ status, declared }: Row): boolean => status === 'READABLE' && !declared
