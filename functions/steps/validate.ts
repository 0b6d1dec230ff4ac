import { accept, type Json, type StandardSchema, type Step } from 'sallyport'

/**
 * Lets through what fits the schema, as the schema gives it back.
 * Throws PAYLOAD_INVALID with paths, and never with what the schema library says: that may quote the value.
 */
export const validate = <Out>(schema: StandardSchema<unknown, Out>): Step<Json, Out> => ({
  kind: 'validate',
  config: { schema: schema['~standard'].vendor },
  needs: [],
  run: (payload) => accept(schema, payload, 'PAYLOAD_INVALID'),
})
