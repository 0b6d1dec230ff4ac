import type { Operations } from '../operation.ts'
import { describeOperations } from './describe.ts'
import { itemOperations } from './items.ts'
import { queryOperations } from './query.ts'
import { tableOperations } from './tables.ts'
import { transactOperations } from './transact.ts'

/** Every DynamoDB operation that this stand-in knows, by name. */
export const dynamodb: Operations = {
  ...tableOperations, ...describeOperations, ...itemOperations, ...queryOperations, ...transactOperations,
}
