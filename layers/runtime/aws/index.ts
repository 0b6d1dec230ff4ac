/**
 * The AWS clients of the runtime, each loaded when it is first asked for. A file of its own in the layer: a pipeline
 * that needs none of them never reads it, and the clients share one copy of the SDK's core (docs/decisions/0006).
 */
export const dynamodb = async () => (await import('./dynamodb.ts')).connect()
export const kms = async () => (await import('./kms.ts')).connect()
export const secrets = async () => (await import('./secrets.ts')).connect()
