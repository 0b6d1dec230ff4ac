import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LambdaFunction } from '../../../local/lambda/function.ts'

/** A folder of its own below the system's temporary one. */
export const scratch = (): string => mkdtempSync(join(tmpdir(), 'sallyport-test-'))

/** A layer with one module in it. */
export function layer(folder: string): string {
  const module = join(folder, 'layer/nodejs/node_modules/only-in-the-layer')
  mkdirSync(module, { recursive: true })
  writeFileSync(join(module, 'index.js'), 'module.exports = 42')
  return join(folder, 'layer')
}

/** A function of the fixture folder. */
export const fixture = (options: Partial<LambdaFunction> = {}): LambdaFunction => ({
  name: 'fixture', handler: 'index.handler', timeoutSeconds: 10, memoryMb: 256, layers: [], logFormat: 'Text', logGroup: '/aws/lambda/fixture',
  code: fileURLToPath(new URL('fixture', import.meta.url)), environment: { OF_THE_TEMPLATE: 'yes' },
  credentials: { accessKeyId: 'LKIAFIXTURE', secretAccessKey: 'fixture-secret' },
  ...options,
})
