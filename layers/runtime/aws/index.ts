/** The AWS clients of the runtime, loaded when the first of them is asked for: a pipeline without needs never reads them. */
export const dynamodb = async () => (await import('./clients.ts')).dynamodb()
export const kms = async () => (await import('./clients.ts')).kms()
export const secrets = async () => (await import('./clients.ts')).secrets()
