import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

const root = fileURLToPath(new URL('../../shared/vectors/', import.meta.url))

/** A published file of test data, as bytes. */
export const vector = (path: string): Buffer => readFileSync(root + path)
export const vectorNames = (folder: string): string[] => readdirSync(root + folder).sort()

/** Tests over published data; where the data is not on this machine they are skipped, by name and with the reason. */
export const withVectors = (folder: string, title: string, tests: () => void): void => {
  if (existsSync(root + folder)) describe(title, tests)
  else test.skip(`${title}: the published test data ${folder} is not on this machine`)
}
