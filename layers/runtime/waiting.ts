import { envelopeKey, envelopeKeyOf, type EnvelopeKey } from './keys.ts'
import type { Need, Resource, Table } from './resource.ts'
import { isQueued, type QueuedTrigger, type Trigger } from './triggers.ts'

/** An SQS queue of the realm, by what stands behind the app's own name in its name. */
export interface Queue extends Resource<'queue'> {
  readonly fifo?: true
}

/** What has a queue: of a pipeline its name and how it begins. */
interface Queued {
  readonly name: string
  readonly trigger: QueuedTrigger
}

const named = ({ trigger }: Queued, name: string): Queue => ({ kind: 'queue', name, ...trigger.kind === 'queue' && trigger.fifo && { fifo: true as const } })
const nameOf = ({ name, trigger }: Queued): string => trigger.kind === 'queue' ? `queue-${trigger.name}` : name

/** Where the messages of a pipeline wait. */
export const queueOf = (queued: Queued): Queue => named(queued, nameOf(queued))
/** Where messages end that could not be worked on. */
export const deadQueueOf = (queued: Queued): Queue => named(queued, `${nameOf(queued)}-dead`)

/** Days for which a message waits at most. */
export const waitingDays = 4

/**
 * Seconds after which a message comes again of which nobody said anything. As AWS advises, six times what an invocation may take:
 * a batch that Lambda must hold back for a while is not given to a second one.
 */
export const visibilityOf = ({ timeout, trigger: { batch } }: { readonly timeout: number; readonly trigger: QueuedTrigger }): number => 6 * timeout * batch

/** Seconds that a message waits at most until it is tried again, behind so many attempts: doubled with each, up to a quarter of an hour. */
export const longestPause = (attempt: number): number => Math.min(900, 5 * 2 ** (attempt - 1))

/** Under which messages wait whose senders were answered already. */
export const waitingKey: EnvelopeKey = envelopeKey('waiting')
/** Under which their replies are kept. */
export const outcomesKey: EnvelopeKey = envelopeKey('outcomes')
/** What became of them. */
export const outcomesTable: Table = { kind: 'table', name: 'outcomes' }

/** Days for which it is told what became of a message. */
export const outcomeDays = { least: 1, usual: 7, most: 365 } as const

/** What a trigger itself needs: a queue to be read, the one beside it to be written, and what a message that waits leaves behind. */
export function waitingNeeds({ name, trigger }: { readonly name: string; readonly trigger: Trigger<never> }): Need[] {
  if (!isQueued(trigger)) return []
  const queued = { name, trigger }
  const door = trigger.kind === 'async'
  return [
    // Lambda polls the queue as the function's role.
    { resource: queueOf(queued), actions: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage', ...door ? ['sqs:SendMessage'] : []] },
    { resource: deadQueueOf(queued), actions: ['sqs:SendMessage'] },
    ...door ? [
      { resource: outcomesTable, actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'] },
      ...[waitingKey, outcomesKey].map((key) => ({ resource: envelopeKeyOf(key), actions: ['kms:Decrypt', 'kms:GenerateDataKey'] })),
    ] : [],
  ]
}
