import { ofProcess, type Environment } from '../environment.ts'

/** The AWS clients of the runtime, loaded when the first of them is asked for: a pipeline without needs never reads them. */
export const dynamodb = (environment: Environment = ofProcess()) => environment.one(tables)
export const kms = async (environment: Environment = ofProcess()) => environment.one((await import('./clients.ts')).kms)
/** Only the function `failures` invokes others: in a file of its own. */
export const lambda = async (environment: Environment = ofProcess()) => environment.one((await import('./lambda.ts')).connect)
/** S3's client is as large as the other three: in a file of its own, which pipelines without buckets never read. */
export const s3 = async (environment: Environment = ofProcess()) => environment.one((await import('./s3.ts')).connect)
export const secrets = async (environment: Environment = ofProcess()) => environment.one((await import('./clients.ts')).secrets)
/** In a file of its own as well: only pipelines whose messages wait read it. */
export const sqs = async (environment: Environment = ofProcess()) => environment.one((await import('./sqs.ts')).connect)

/** Asked for with each message: looking for what was loaded costs as much as a digest. */
const tables = async (environment: Environment) => (await import('./clients.ts')).dynamodb(environment)
