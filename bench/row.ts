/** One line of the bench. `ratio` is what the goal speaks of; times alone mean nothing on a shared machine. */
export interface Row {
  readonly name: string
  readonly unit: string
  readonly measured: number
  readonly baseline: number | null
  readonly samples: number
  readonly ratio: number | null
  readonly goal: number | null
  readonly met: boolean | null
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] as number : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** A row that is judged by its ratio. */
export const compared = (name: string, unit: string, { measured, baseline, ratio, samples }: { measured: number; baseline: number; ratio: number; samples: number }, goal: number): Row =>
  ({ name, unit, measured, baseline, samples, ratio, goal, met: ratio <= goal })

/** A row that is judged by how many times faster it is: at least the goal. */
export const outpaced = (name: string, unit: string, { measured, baseline, ratio, samples }: { measured: number; baseline: number; ratio: number; samples: number }, goal: number): Row =>
  ({ name, unit, measured, baseline, samples, ratio: 1 / ratio, goal, met: 1 / ratio >= goal })

/** A row that is judged by its own value: at most the goal, or exactly it for counts. */
export const counted = (name: string, unit: string, measured: number, goal: number | null, samples = 1): Row =>
  ({ name, unit, measured, baseline: null, samples, ratio: null, goal, met: goal === null ? null : measured <= goal })
