import type { SQLOutputValue } from 'node:sqlite'
import type { World } from '../operation.ts'
import type { MessageAttributes } from './message-attributes.ts'
import type { Queue } from './queue.ts'

/** What the sender said. */
export type Content = {
  readonly body: string
  readonly attributes: MessageAttributes
  /** Given, or the SHA-256 of the body (hex). */
  readonly deduplication?: string
  readonly trace?: string
}

/** What the queue knows of a message. Times in epoch milliseconds. */
export type Marks = {
  readonly sender: string
  readonly firstReceived?: number
  /** When it was last received: a visibility timeout cannot go beyond twelve hours from here. */
  readonly taken?: number
  /** ARN of the queue that it was moved from for being received too often. */
  readonly from?: string
}

export type Message = {
  readonly seq: number
  readonly id: string
  readonly group: string | undefined
  readonly visible: number
  readonly sent: number
  readonly receives: number
  readonly marks: Marks
}

const messageOf = (row: Record<string, SQLOutputValue>): Message => ({
  seq: Number(row['seq']), id: String(row['id']), group: typeof row['grp'] === 'string' ? row['grp'] : undefined, visible: Number(row['visible']),
  sent: Number(row['sent']), receives: Number(row['receives']), marks: JSON.parse(String(row['marks'])) as Marks,
})

const columns = 'seq, id, grp, visible, sent, receives, marks'
const purpose = (id: string): string => `sqs/${id}`

/** Appends a message; gives its place in the order of all messages. */
export function insert(queue: string, message: Omit<Message, 'seq'>, content: Content, { store }: World): number {
  const { lastInsertRowid } = store.statement('INSERT INTO sqs_messages (queue, id, grp, visible, sent, receives, handle, marks, sealed) VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?)')
    .run(queue, message.id, message.group ?? null, message.visible, message.sent, message.receives, JSON.stringify(message.marks),
      store.wrap(Buffer.from(JSON.stringify(content)), purpose(message.id)))
  return Number(lastInsertRowid)
}

/** Messages of a queue in their order. */
export const messagesOf = (queue: string, { store }: World): readonly Message[] =>
  store.statement(`SELECT ${columns} FROM sqs_messages WHERE queue = ? ORDER BY seq`).all(queue).map(messageOf)

/** The first messages of a queue that may be given now. */
export const visibleOf = (queue: string, limit: number, { store, now }: World): readonly Message[] =>
  store.statement(`SELECT ${columns} FROM sqs_messages WHERE queue = ? AND visible <= ? ORDER BY seq LIMIT ?`).all(queue, now(), limit).map(messageOf)

/** The message that a receipt handle is of, as long as it is the newest handle. */
export function handled(queue: string, seq: number, handle: string, { store }: World): Message | undefined {
  const row = store.statement(`SELECT ${columns} FROM sqs_messages WHERE seq = ? AND queue = ? AND handle = ?`).get(seq, queue, handle)
  return row && messageOf(row)
}

export function contentOf({ seq, id }: Message, { store }: World): Content {
  const sealed = store.statement('SELECT sealed FROM sqs_messages WHERE seq = ?').get(seq)?.['sealed']
  if (!(sealed instanceof Uint8Array)) throw new Error('the message has no content')
  return JSON.parse(store.unwrap(sealed, purpose(id)).toString()) as Content
}

export function take({ seq, receives, marks }: Message, handle: string, visible: number, { store, now }: World): void {
  store.statement('UPDATE sqs_messages SET receives = ?, handle = ?, visible = ?, marks = ? WHERE seq = ?')
    .run(receives + 1, handle, visible, JSON.stringify({ ...marks, firstReceived: marks.firstReceived ?? now(), taken: now() }), seq)
}

export function setVisible({ seq }: Message, visible: number, { store }: World): void {
  store.statement('UPDATE sqs_messages SET visible = ? WHERE seq = ?').run(visible, seq)
}

export function remove(seq: number, { store }: World): void {
  store.statement('DELETE FROM sqs_messages WHERE seq = ?').run(seq)
}

/** Takes a message from its queue to the end of another. It keeps its id, unless another is given; its receipt handle is of no more use. */
export function moveTo(target: Queue, message: Message, change: { readonly id?: string; readonly sent: number; readonly receives: number; readonly marks: Marks }, world: World): void {
  const content = contentOf(message, world)
  remove(message.seq, world)
  insert(target.name, { id: message.id, group: message.group, visible: world.now(), ...change }, content, world)
}

/** Removes what is older than the queue keeps messages. */
export function expire(queue: string, keptMs: number, { store, now }: World): void {
  store.statement('DELETE FROM sqs_messages WHERE queue = ? AND sent <= ?').run(queue, now() - keptMs)
}

/** When the next message of a queue becomes visible that is not so now; undefined when none will. */
export function nextVisible(queue: string, { store, now }: World): number | undefined {
  const at = store.statement('SELECT min(visible) AS at FROM sqs_messages WHERE queue = ? AND visible > ?').get(queue, now())?.['at']
  return typeof at === 'number' ? at : undefined
}
