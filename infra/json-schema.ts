import type { Plugin } from 'esbuild'

/** Placeholder signature: compiles `*.schema.json` imports; filled in below in this change set. */
export const jsonSchemas = (): Plugin => ({ name: 'json-schema', setup() {} })
