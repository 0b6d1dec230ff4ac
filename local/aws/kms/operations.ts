import type { Operations } from '../operation.ts'
import { aliasOperations } from './aliases.ts'
import { cryptOperations } from './crypt.ts'
import { lifecycleOperations } from './lifecycle.ts'
import { macOperations } from './mac.ts'
import { pairOperations } from './pairs.ts'
import { policyOperations } from './policies.ts'
import { rotationOperations } from './rotation.ts'

/** Every KMS operation that this stand-in knows, by name. */
export const kms: Operations = {
  ...lifecycleOperations, ...aliasOperations, ...policyOperations, ...rotationOperations,
  ...cryptOperations, ...pairOperations, ...macOperations,
}
