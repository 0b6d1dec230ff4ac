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
