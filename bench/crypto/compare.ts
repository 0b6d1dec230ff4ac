import { compared, median, type Row } from '../row.ts'

/** The same work, done by one of several. */
export type Work = () => unknown

/** CPU microseconds in which a batch should take place: the clock of a process ticks in whole ones, and other work disturbs short ones. */
const batch = 20_000
const rounds = Number(process.env['ROUNDS'] ?? 21)

/** Microseconds of CPU a run, of all threads of this process. Whoever answers at once is not made to wait a turn of the queue. */
async function cost(times: number, work: Work): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) {
    const result = work()
    if (result instanceof Promise) await result
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}

/** How often it runs in a batch, once it is warm. */
async function calibrated(work: Work): Promise<number> {
  for (let times = 1; ; times *= 2) {
    const each = await cost(times, work)
    if (each * times >= batch * 2) return Math.max(1, Math.round(batch / each))
  }
}

/** Medians of CPU in microseconds, and of the ratios of the first to each in the same round. */
export interface Measured {
  readonly costs: readonly number[]
  readonly ratios: readonly number[]
  readonly samples: number
}

/** Interleaved: in each round all of them run a batch, and each round begins with another. `work[0]` is ours. */
export async function interleaved(work: readonly Work[], most = rounds): Promise<Measured> {
  const times: number[] = []
  for (const each of work) times.push(await calibrated(each))
  const samples: number[][] = work.map(() => [])
  for (let round = 0; round < most; round++) {
    for (let turn = 0; turn < work.length; turn++) {
      const i = (round + turn) % work.length
      samples[i]?.push(await cost(times[i] as number, work[i] as Work))
    }
  }
  const [ours = []] = samples
  return { costs: samples.map(median), ratios: samples.map((theirs) => median(theirs.map((cost, round) => (ours[round] as number) / cost))), samples: most }
}

/** Who else does it, and what is promised of the ratio of ours to theirs: null where nothing is. */
export interface Other {
  readonly work: Work
  readonly goal: number | null
}

/** A row for each of the others, ours measured once. */
export async function against(name: string, ours: Work, others: Readonly<Record<string, Other>>, most?: number): Promise<Row[]> {
  const { costs, ratios, samples } = await interleaved([ours, ...Object.values(others).map(({ work }) => work)], most)
  return Object.entries(others).map(([other, { goal }], i) => {
    const row = compared(`${name}, ${other}`, 'µs', { measured: costs[0] as number, baseline: costs[i + 1] as number, ratio: ratios[i + 1] as number, samples }, goal ?? Infinity)
    return goal === null ? { ...row, goal, met: null } : row
  })
}
