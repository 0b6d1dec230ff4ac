import { randomBytes } from 'node:crypto'
import type { Members } from '../members.ts'
import type { World } from '../operation.ts'
import { badHandle } from './failures.ts'
import { handled, type Message } from './message.ts'
import type { Queue } from './queue.ts'
import { text } from './request.ts'

const mac = (queue: string, seq: string, nonce: string, { store }: World): string => store.digest(`${queue}/${seq}/${nonce}`, 'sqs-handle')

/** A fresh receipt handle: which message, and proof that this queue made it. */
export function newHandle(queue: Queue, { seq }: Message, world: World): string {
  const nonce = randomBytes(12).toString('hex')
  return Buffer.from(`${seq}/${nonce}/${mac(queue.name, String(seq), nonce, world)}`).toString('base64')
}

/** The message of `ReceiptHandle`; undefined for a handle that was good once. Throws `ReceiptHandleIsInvalid` for any other text. */
export function ofHandle(queue: Queue, input: Members, world: World): Message | undefined {
  const handle = text(input, 'ReceiptHandle')
  const [seq = '', nonce = '', proof] = Buffer.from(handle, 'base64').toString().split('/')
  if (proof === undefined || proof !== mac(queue.name, seq, nonce, world)) throw badHandle()
  return handled(queue.name, Number(seq), handle, world)
}
