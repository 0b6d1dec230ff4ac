import { Fault, type Io } from 'sallyport'

let last: Promise<unknown> = Promise.resolve()
/**
 * One after the other in an execution environment, hashes and keys from passphrases alike, however many lanes an `each` has:
 * the memory in use is that of one. None begins after the deadline. Throws OUT_OF_TIME.
 */
export function inTurn<T>(io: Io, work: () => Promise<T>): Promise<T> {
  const mine = last.then(() => {
    if (io.now() >= io.deadline) throw new Fault('OUT_OF_TIME')
    return work()
  })
  last = mine.catch(() => undefined)
  return mine
}
