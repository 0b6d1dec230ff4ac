import type { Run } from './case.ts'
import { jsonWebEncryption } from './jwe.ts'
import { jsonWebSignature } from './jws.ts'

/** A suite of both: the case says which it is. */
export const jsonWeb: Run = (given) => 'jwe' in given.test ? jsonWebEncryption(given) : jsonWebSignature(given)
