import { dirname, resolve } from 'node:path'
import { build } from 'esbuild'
import { jsonSchemas } from '../infra/json-schema.ts'

/** What vite asks of a plugin, as far as it is used here. */
interface Plugin {
  readonly name: string
  readonly enforce: 'pre'
  readonly resolveId: (id: string, importer: string | undefined) => string | undefined
  readonly load: (id: string) => Promise<{ readonly code: string } | undefined>
}

// Under a name that is no `.json`: vite would read what we make of it as JSON.
const prefix = '\0sallyport-schema:'

/**
 * Compiles an imported `*.schema.json` in tests as the build does it for Lambda. `sallyport test` has it already; a
 * vitest.config.ts of your own takes it as `plugins: [schemas()]`. Throws what the linter of schemas has against one.
 */
export const schemas = (): Plugin => ({
  name: 'sallyport:schemas',
  enforce: 'pre',
  resolveId: (id, importer) => id.endsWith('.schema.json') && importer !== undefined ? `${prefix}${resolve(dirname(importer), id)}.js` : undefined,
  async load(id) {
    if (!id.startsWith(prefix)) return undefined
    const { outputFiles: [compiled] } = await build({
      entryPoints: [id.slice(prefix.length, -3)], bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'silent', plugins: [jsonSchemas()],
    })
    return compiled && { code: compiled.text }
  },
})
