import { Failure } from '../failure.ts'
import type { Members } from '../members.ts'
import type { Operation, Operations, Reply, World } from '../operation.ts'
import { batch } from './batch.ts'
import { invalidValue, missing } from './failures.ts'
import { ofHandle } from './handle.ts'
import { remove, setVisible } from './message.ts'
import { askForQueue, isFifo, namedQueue, theQueue, type Queue } from './queue.ts'
import { optionalWhole } from './request.ts'
import { wake } from './waiting.ts'

const longestMs = 43_200_000

function deleteOne(queue: Queue, entry: Members, world: World): Readonly<Record<string, unknown>> {
  const message = ofHandle(queue, entry, world)
  // A standard queue lets it pass that the message is gone, or was received by somebody else since.
  if (isFifo(queue) && message && message.visible <= world.now()) throw invalidValue('ReceiptHandle', 'The receipt handle has expired.')
  if (message) remove(message.seq, world)
  return {}
}

function hideOne(queue: Queue, entry: Members, world: World): Readonly<Record<string, unknown>> {
  const seconds = optionalWhole(entry, 'VisibilityTimeout', 0, 43_200)
  if (seconds === undefined) throw missing('VisibilityTimeout')
  const message = ofHandle(queue, entry, world)
  if (!message) throw invalidValue('ReceiptHandle', 'Message does not exist or is not available for visibility timeout change.')
  if (message.visible <= world.now()) throw new Failure('MessageNotInflight', 'The specified message is not in flight.')
  const until = world.now() + seconds * 1000
  if (until > (message.marks.taken ?? 0) + longestMs) throw invalidValue('VisibilityTimeout', `Total VisibilityTimeout for the message is beyond the limit [${longestMs / 1000} seconds].`)
  setVisible(message, until, world)
  return {}
}

type One = (queue: Queue, entry: Members, world: World) => Readonly<Record<string, unknown>>

/** One operation and its batch, which share a permission. */
function both(action: string, one: One): { readonly alone: Operation; readonly many: Operation } {
  const asks: Operation['asks'] = (input, world) => [askForQueue(action, namedQueue(input, world), world)]
  const run = (work: (queue: Queue, input: Members, world: World) => Reply): Operation['run'] => (input, world) => {
    const queue = theQueue(input, world)
    const answer = world.store.write(() => work(queue, input, world))
    // A group of a FIFO queue may go on.
    wake(world)
    return answer
  }
  return {
    alone: { asks, run: run(one) },
    many: { asks, run: run((queue, input, world) => batch(input, (entry) => one(queue, entry, world))) },
  }
}

const [deleting, hiding] = [both('DeleteMessage', deleteOne), both('ChangeMessageVisibility', hideOne)]

/** What a receiver does with a message that it has. */
export const settleOperations: Operations = {
  DeleteMessage: deleting.alone, DeleteMessageBatch: deleting.many, ChangeMessageVisibility: hiding.alone, ChangeMessageVisibilityBatch: hiding.many,
}
