import type { Operations } from '../operation.ts'
import { moveOperations } from './moves.ts'
import { queueOperations } from './queues.ts'
import { receiveOperations } from './receive.ts'
import { sendOperations } from './send.ts'
import { settleOperations } from './settle.ts'

/** Every SQS operation that this stand-in knows, by name. */
export const sqs: Operations = { ...queueOperations, ...sendOperations, ...receiveOperations, ...settleOperations, ...moveOperations }
