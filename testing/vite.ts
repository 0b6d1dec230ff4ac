import { build } from 'esbuild'
import { jsonSchemas } from '../infra/json-schema.ts'

/** What vite asks of a plugin, as far as it is used here. */
interface Plugin {
  readonly name: string
  readonly enforce: 'pre'
  readonly load: (id: string) => Promise<{ readonly code: string } | undefined>
}

/**
 * Compiles an imported `*.schema.json` in tests as the build does for Lambda. `sallyport test` has it already; a
 * vitest.config.ts of your own takes it as `plugins: [schemas()]`. Throws what the linter of schemas has against one.
 */
export const schemas = (): Plugin => ({
  name: 'sallyport:schemas',
  enforce: 'pre',
  async load(id) {
    const [file = ''] = id.split('?')
    if (!file.endsWith('.schema.json')) return undefined
    const { outputFiles: [compiled] } = await build({ entryPoints: [file], bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'silent', plugins: [jsonSchemas()] })
    return compiled && { code: compiled.text }
  },
})
