import { fork } from 'node:child_process'
import { openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Comparison } from './cpu.ts'
import { compared, type Row } from './row.ts'

const compare = (pipeline: 'payment' | 'loan'): Promise<Comparison> => new Promise((resolve, reject) => {
  const child = fork(fileURLToPath(new URL('cpu.ts', import.meta.url)), [pipeline], { stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit', 'ipc'] })
  child.once('message', (result) => resolve(result as Comparison))
  child.once('exit', (code) => reject(new Error(`the bench of ${pipeline} ended with ${code} and no result`)))
})

/** CPU of a message in process against the same work on node:crypto alone. */
export async function cpu(): Promise<Row[]> {
  return [
    compared('CPU per payment', 'µs', await compare('payment'), 1.15),
    compared('CPU per loan application', 'µs', await compare('loan'), 2),
  ]
}
