import { ofProcess, type Environment } from '../environment.ts'

/** The AWS clients of the runtime, loaded when the first of them is asked for: a pipeline without needs never reads them. */
export const dynamodb = async (environment: Environment = ofProcess()) => environment.one((await import('./clients.ts')).dynamodb)
export const kms = async (environment: Environment = ofProcess()) => environment.one((await import('./clients.ts')).kms)
export const secrets = async (environment: Environment = ofProcess()) => environment.one((await import('./clients.ts')).secrets)
