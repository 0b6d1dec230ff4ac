import { randomInt } from 'node:crypto'

/** Numbers from 0 to 1, the same for the same seed. */
export type Random = () => number

/** `SEED` repeats what a run drew: who is killed, when, and what is sent; not how the machine's schedule fell. */
export const seedOf = (given = process.env['SEED']): number => {
  const seed = given === undefined ? randomInt(2 ** 32) : Number(given)
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) throw new TypeError('SEED is a whole number under 2^32')
  return seed
}

/** A counter through the finalizer of MurmurHash3 (public domain, Austin Appleby). */
export function seeded(seed: number): Random {
  let count = seed
  return () => {
    count = (count + 0x9e3779b9) >>> 0
    let mixed = count
    mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b)
    mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35)
    return ((mixed ^ mixed >>> 16) >>> 0) / 2 ** 32
  }
}

/** From `least` up to, not including, `most`. */
export const between = (random: Random, least: number, most: number): number => least + Math.floor(random() * (most - least))
/** One of a list that is not empty. */
export const oneOf = <T>(random: Random, list: readonly T[]): T => list[between(random, 0, list.length)] as T
