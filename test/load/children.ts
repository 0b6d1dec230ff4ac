import { readFileSync } from 'node:fs'

/** Pids of the processes that a process started and that still run, as Linux tells. */
export const childrenOf = (parent: number): number[] => readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
