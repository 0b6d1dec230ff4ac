import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compared, counted, median, outpaced, type Row } from '../row.ts'
import { ours, powertools, type Message } from './sides.ts'
import { fill, makeTables, startStandIn, type StandIn } from './stand-in.ts'

/** Operations of DynamoDB a message. */
async function asked({ operations }: StandIn, message: Message): Promise<readonly string[]> {
  await message()
  const before = operations().length
  await message()
  return operations().slice(before)
}

const isWrite = (operation: string): boolean => /^(?:Put|Update|Delete|Transact)/.test(operation)
const exactly = (row: Row): Row => ({ ...row, met: row.measured === row.goal })

async function counts(standIn: StandIn, key: string): Promise<Row[]> {
  const { one, two, duplicate } = ours(standIn, key)
  const rows: Row[] = []
  for (const [name, message, writes] of [['accepted', one, 2], ['duplicate', duplicate, 1], ['accepted, two keys', two, 2]] as const) {
    const operations = await asked(standIn, message)
    rows.push(exactly(counted(`ledger, ${name}: ${message === two ? 'transactions' : 'writes'}`, 'per message', operations.filter(isWrite).length, writes)))
    rows.push(exactly(counted(`ledger, ${name}: reads`, 'per message', operations.filter((operation) => !isWrite(operation)).length, 0)))
    if (message === two && !operations.every((operation) => operation === 'TransactWriteItems')) throw new Error('two keys were claimed by something other than transactions')
  }
  return rows
}

/** Microseconds of the clock a message, so many of them at once. */
async function pace(message: Message, count: number, beside: number): Promise<number> {
  let left = count
  const began = performance.now()
  await Promise.all(Array.from({ length: beside }, async () => {
    while (left > 0) {
      left -= 1
      await message()
    }
  }))
  return (performance.now() - began) * 1_000 / count
}

const rounds = Number(process.env['ROUNDS'] ?? 7)

/** Interleaved: in each round both run a batch, and whoever is first in a round is second in the next. */
async function against(mine: () => Promise<number>, theirs: () => Promise<number>): Promise<{ readonly measured: number; readonly baseline: number; readonly ratio: number; readonly samples: number }> {
  const pairs: [number, number][] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) pairs.push([await mine(), await theirs()])
    else {
      const baseline = await theirs()
      pairs.push([await mine(), baseline])
    }
  }
  return { measured: median(pairs.map(([a]) => a)), baseline: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)), samples: rounds }
}

/** Messages of a batch, by how many are at work at once. */
const batches = { 1: 100, 32: 640, 256: 1_024 } as const

async function throughput(standIn: StandIn, key: string): Promise<Row[]> {
  const [mine, theirs] = [ours(standIn, key).one, powertools(standIn)]
  const rows: Row[] = []
  for (const [beside, count] of Object.entries(batches).map(([beside, count]) => [Number(beside), count] as const)) {
    // Connections are opened, and whatever is compiled late.
    for (const message of [mine, theirs]) await pace(message, beside * 2 + 50, beside)
    rows.push(outpaced(`ledger, throughput of Powertools times, ${beside} at once`, 'µs a message', await against(() => pace(mine, count, beside), () => pace(theirs, count, beside)), 1.3))
  }
  return rows
}

/** Two tables, a thousand items and a million, each in a stand-in of its own; flat within ten per cent. */
async function growth(folder: string): Promise<Row[]> {
  const filled = async (count: number): Promise<{ standIn: StandIn; one: Message }> => {
    const dir = join(folder, String(count))
    const empty = await startStandIn(dir)
    const key = await makeTables(empty)
    await empty.stop()
    fill(dir, count)
    const standIn = await startStandIn(dir)
    return { standIn, one: ours(standIn, key).one }
  }
  const [few, many] = [await filled(1_000), await filled(1_000_000)]
  try {
    for (const { one } of [few, many]) await pace(one, 300, 1)
    return [compared('ledger, a million items against a thousand', 'µs a message', await against(() => pace(many.one, 150, 1), () => pace(few.one, 150, 1)), 1.1)]
  } finally {
    await Promise.all([few, many].map(({ standIn }) => standIn.stop()))
  }
}

/** The duplicate check on the stand-in over HTTP: calls a message, throughput, and whether a full table is slower. What its disk takes for a commit bounds both sides. */
export async function ledger(): Promise<Row[]> {
  // In memory, where there is such a folder: else the disk's commits are what is measured, and they are the same for both.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'sallyport-bench-'))
  try {
    const standIn = await startStandIn(join(folder, 'empty'))
    try {
      const key = await makeTables(standIn)
      const rows = [...await counts(standIn, key)]
      process.stderr.write('  throughput …\n')
      rows.push(...await throughput(standIn, key))
      process.stderr.write('  growth …\n')
      return [...rows, ...await growth(folder)]
    } finally {
      await standIn.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
