import type { Execution } from './actors.ts'
import type { Scenario } from './explore.ts'

const of = (name: string, payload: string, keyed: boolean, rest: Partial<Execution> = {}): Execution => ({ name, payload, keyed, written: 1, others: [], offset: 0, ...rest })
/** What an environment knows of a rotation: nothing yet; that a second version is coming; that it is written. */
const phases = [{ written: 1, others: [] }, { written: 1, others: [2] }, { written: 2, others: [1] }] as const satisfies readonly Partial<Execution>[]
const both = [true, false]
const word = (keyed: boolean): string => keyed ? 'sends carry once' : 'sends carry nothing'

/** All that is explored. Executions of one payload are the same message, sent or delivered again. */
export const scenarios: readonly Scenario[] = [
  ...both.map((keyed): Scenario => ({ name: `one execution, a person; ${word(keyed)}`, executions: [of('A', 'p', keyed)], sweeps: 1, people: 1, mishaps: 2 })),
  ...both.map((keyed): Scenario => ({
    name: `the same message twice, clocks apart, a sweep; ${word(keyed)}`,
    executions: [of('A', 'p', keyed, { offset: -1_500 }), of('B', 'p', keyed, { offset: 1_500 })], sweeps: 1, people: 0, mishaps: 1, until: 'forgotten',
  })),
  ...both.flatMap((keyed) => ([[0, 1], [1, 2]] as const).map(([a, b]): Scenario => ({
    name: `rotation: an environment in phase ${a + 1}, one in phase ${b + 1}; ${word(keyed)}`,
    executions: [of('A', 'p', keyed, phases[a]), of('B', 'p', keyed, phases[b])], sweeps: 0, people: 0, mishaps: 1,
  }))),
  ...both.map((keyed): Scenario => ({ name: `two messages; ${word(keyed)}`, executions: [of('A', 'p', keyed), of('B', 'q', keyed)], sweeps: 0, people: 0, mishaps: 2 })),
  ...both.map((keyed): Scenario => ({ name: `the same message twice; ${word(keyed)}`, executions: [of('A', 'p', keyed), of('B', 'p', keyed)], sweeps: 0, people: 0, mishaps: 2 })),
  { name: 'two messages, a sweep, a person', executions: [of('A', 'p', false), of('B', 'q', false)], sweeps: 1, people: 1, mishaps: 1, until: 'forgotten' },
  { name: 'two messages, two people', executions: [of('A', 'p', false), of('B', 'q', false)], sweeps: 0, people: 2, mishaps: 1, until: 'forgotten' },
  { name: 'the same message three times', executions: [of('A', 'p', true), of('B', 'p', true), of('C', 'p', true)], sweeps: 0, people: 0, mishaps: 1, until: 'lapsed' },
  { name: 'the same message twice and another', executions: [of('A', 'p', true, { offset: 1_500 }), of('B', 'p', true, { offset: -1_500 }), of('C', 'q', true)], sweeps: 0, people: 0, mishaps: 1, until: 'lapsed' },
  { name: 'three messages; sends carry nothing', executions: [of('A', 'p', false), of('B', 'q', false), of('C', 'q', false)], sweeps: 0, people: 0, mishaps: 0, until: 'lapsed' },
  { name: 'rotation: three environments, two messages', executions: [of('A', 'p', true, phases[1]), of('B', 'p', true, phases[2]), of('C', 'q', true, phases[1])], sweeps: 0, people: 0, mishaps: 0, until: 'lapsed' },
]
