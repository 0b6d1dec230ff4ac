import { randomUUID } from 'node:crypto'
import { Failure } from '../failure.ts'
import type { Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { invalidValue } from './failures.ts'
import { messagesOf, moveTo, type Message } from './message.ts'
import { allQueues, askForQueue, findQueue, nameOfArn, queueArn, queueOfArn, redriveOf, type Queue } from './queue.ts'
import { optionalText, optionalWhole, text } from './request.ts'
import { wake } from './waiting.ts'

const askFor = (action: string, arn: string, world: World): Ask => {
  const name = nameOfArn(arn, world)
  return name === undefined ? { action: `sqs:${action}`, resource: arn } : askForQueue(action, name, world)
}

function destinationOf(input: Members, world: World): Queue | undefined {
  return optionalText(input, 'DestinationArn') === undefined ? undefined : queueOfArn(input, 'DestinationArn', world)
}

/** Where a message goes: to the queue that was named, or else to the one that it came from. */
function targetOf({ marks }: Message, destination: Queue | undefined, world: World): Queue | undefined {
  const name = marks.from === undefined ? undefined : nameOfArn(marks.from, world)
  return destination ?? (name === undefined ? undefined : findQueue(name, world))
}

/** All of a dead-letter queue at once. What is moved is a new message: its id, its receive count, and the time that it was sent. */
const startMessageMoveTask: Operation = {
  // What the page on redrive permissions asks for: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
  asks(input, world) {
    const [source, destination] = [text(input, 'SourceArn'), optionalText(input, 'DestinationArn')]
    return [
      ...['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((action) => askFor(action, source, world)),
      ...destination === undefined ? [] : [askFor('SendMessage', destination, world)],
    ]
  },
  run(input, world, caller) {
    const source = queueOfArn(input, 'SourceArn', world)
    const arn = queueArn(source.name, world)
    if (!allQueues(world).some((queue) => redriveOf(queue)?.target === arn)) throw invalidValue('SourceArn', 'Source queue must be configured as a Dead Letter Queue.')
    const destination = destinationOf(input, world)
    optionalWhole(input, 'MaxNumberOfMessagesPerSecond', 1, 500)
    const moved = world.store.write(() => {
      const waiting = messagesOf(source.name, world).filter(({ visible }) => visible <= world.now())
      let count = 0
      for (const message of waiting) {
        const target = targetOf(message, destination, world)
        if (!target || (!destination && !caller.may(askForQueue('SendMessage', target.name, world)))) continue
        moveTo(target, message, { id: randomUUID(), sent: world.now(), receives: 0, marks: { sender: message.marks.sender } }, world)
        count += 1
      }
      const handle = Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: arn })).toString('base64')
      const task = {
        Status: count === waiting.length ? 'COMPLETED' : 'FAILED', SourceArn: arn, ...destination && { DestinationArn: queueArn(destination.name, world) },
        ApproximateNumberOfMessagesMoved: count, ApproximateNumberOfMessagesToMove: waiting.length, StartedTimestamp: Math.floor(world.now()),
        ...count < waiting.length && { FailureReason: 'CouldNotDetermineMessageSource' },
      }
      world.store.statement('INSERT INTO sqs_moves (handle, source, at, doc) VALUES (?, ?, ?, ?)').run(handle, arn, world.now(), JSON.stringify(task))
      return { TaskHandle: handle }
    })
    wake(world)
    return moved
  },
}

const listMessageMoveTasks: Operation = {
  asks: (input, world) => [askFor('ListMessageMoveTasks', text(input, 'SourceArn'), world)],
  run(input, world) {
    const arn = queueArn(queueOfArn(input, 'SourceArn', world).name, world)
    const rows = world.store.statement('SELECT doc FROM sqs_moves WHERE source = ? ORDER BY at DESC, rowid DESC LIMIT ?').all(arn, optionalWhole(input, 'MaxResults', 1, 10) ?? 1)
    return { Results: rows.map((row) => JSON.parse(String(row['doc'])) as object) }
  },
}

const cancelMessageMoveTask: Operation = {
  asks(input, world) {
    const found = world.store.statement('SELECT source FROM sqs_moves WHERE handle = ?').get(text(input, 'TaskHandle'))
    return [askFor('CancelMessageMoveTask', found ? String(found['source']) : '*', world)]
  },
  run(input, { store }) {
    const found = store.statement('SELECT 1 FROM sqs_moves WHERE handle = ?').get(text(input, 'TaskHandle'))
    // A move is over when it was answered: nothing here can still be stopped.
    if (found) throw new Failure('UnsupportedOperation', 'Only active tasks can be cancelled.')
    throw new Failure('ResourceNotFoundException', 'Task does not exist.', {}, 404)
  },
}

export const moveOperations: Operations = {
  StartMessageMoveTask: startMessageMoveTask, ListMessageMoveTasks: listMessageMoveTasks, CancelMessageMoveTask: cancelMessageMoveTask,
}
