import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import standaloneCode from 'ajv/dist/standalone/index.js'
import type { Plugin } from 'esbuild'
import { home } from './home.ts'
import { lintSchema } from './schema-lint.ts'

/**
 * Compiles an imported `*.schema.json` (JSON Schema 2020-12) to a Standard Schema while bundling: the bundle gets the
 * validating function, no compiler and no network. A schema that leaves a door open is refused with its file and place.
 */
export const jsonSchemas = (): Plugin => ({
  name: 'json-schema',
  setup(build) {
    const compiled = new Map<string, string>()
    build.onLoad({ filter: /\.schema\.json$/, namespace: 'file' }, ({ path }) => {
      try {
        const schema = JSON.parse(readFileSync(path, 'utf8')) as object
        compiled.set(path, compile(schema))
        return { contents: face(schema, path), loader: 'js', resolveDir: dirname(path) }
      } catch (error) {
        return { errors: [{ text: (error as Error).message, location: { file: path, line: 1 } }] }
      }
    })
    build.onResolve({ filter: /^compiled:/ }, ({ path }) => ({ path: path.slice(9), namespace: 'compiled' }))
    build.onLoad({ filter: /.*/, namespace: 'compiled' }, ({ path }) => ({ contents: compiled.get(path) ?? '', loader: 'js', resolveDir: home }))
  },
})

function compile(schema: object): string {
  const mistakes = lintSchema(schema)
  if (mistakes.length > 0) throw new TypeError(`JSON Schema: ${mistakes.join('; ')}`)
  // One error ends it (allErrors is off): a hostile instance cannot make the validator collect errors without end.
  const ajv = new Ajv2020({ strict: true, allErrors: false, code: { source: true, esm: true } })
  return (standaloneCode as unknown as (ajv: Ajv2020, validate: unknown) => string)(ajv, ajv.compile(schema))
}

/** The module that an import of the schema gets: the schema itself, which is a Standard Schema as well. */
const face = (schema: object, path: string): string => `
import check from ${JSON.stringify(`compiled:${path}`)}
const at = ({ instancePath, keyword, params }) => {
  const path = instancePath.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (keyword === 'required') return { message: '', path: [...path, params.missingProperty] }
  // The name of a member that the schema does not know is the sender's own text.
  return keyword === 'additionalProperties' || keyword === 'unevaluatedProperties' ? { message: '', path: [...path, '*'] } : { message: '', path }
}
export default Object.defineProperty(${JSON.stringify(schema)}, '~standard', { value: {
  version: 1, vendor: 'json-schema',
  validate: (value) => check(value) ? { value } : { issues: check.errors.map(at) },
} })
`
