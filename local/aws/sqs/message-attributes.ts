import { createHash } from 'node:crypto'
import { bytes, isMembers, type Members } from '../members.ts'
import { invalidValue } from './failures.ts'
import { members } from './request.ts'

/** One attribute of a message; `BinaryValue` is base64. */
export type MessageAttribute = { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string }
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>

const name = /^(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/
const dataType = /^(?:String|Number|Binary)(?:\.[^]{1,249})?$/
const maxAttributes = 10

const isBinary = ({ DataType }: MessageAttribute): boolean => DataType.startsWith('Binary')

function attributeOf(raw: unknown, member: string): MessageAttribute {
  const { DataType, StringValue, BinaryValue } = isMembers(raw) ? raw : {}
  const wrong = (reason: string): Error => invalidValue(member, reason)
  if (typeof DataType !== 'string' || !dataType.test(DataType)) throw wrong('The type of a message attribute must be String, Number or Binary.')
  if (DataType.startsWith('Binary')) {
    const content = BinaryValue === undefined ? Buffer.alloc(0) : bytes(BinaryValue, member)
    if (content.length === 0) throw wrong('A message attribute of type Binary must contain a non-empty value.')
    return { DataType, BinaryValue: content.toString('base64') }
  }
  if (typeof StringValue !== 'string' || StringValue === '') throw wrong(`A message attribute of type ${DataType.split('.')[0]} must contain a non-empty value.`)
  if (DataType.startsWith('Number') && !/^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(StringValue)) throw wrong('A message attribute of type Number must hold a number.')
  return { DataType, StringValue }
}

/** `MessageAttributes` of a request: ten at most. */
export function messageAttributes(input: Members, member = 'MessageAttributes'): MessageAttributes {
  const given = Object.entries(members(input, member))
  if (given.length > maxAttributes) throw invalidValue(member, `Number of message attributes exceeds the allowed maximum [${maxAttributes}].`)
  return Object.fromEntries(given.map(([key, raw]) => {
    if (!name.test(key) || /^(?:aws|amazon)\./i.test(key)) throw invalidValue(member, 'The name of a message attribute has characters or a prefix that are not allowed.')
    return [key, attributeOf(raw, member)]
  }))
}

const contentOf = (attribute: MessageAttribute): Buffer =>
  isBinary(attribute) ? Buffer.from(attribute.BinaryValue ?? '', 'base64') : Buffer.from(attribute.StringValue ?? '')

/** Bytes of names, types and values, which count for the limit of a message. */
export const attributesSize = (attributes: MessageAttributes): number => Object.entries(attributes)
  .reduce((sum, [key, attribute]) => sum + Buffer.byteLength(key) + Buffer.byteLength(attribute.DataType) + contentOf(attribute).length, 0)

function counted(content: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  return Buffer.concat([length, content])
}

/**
 * By name: length and name, length and type, one byte for text (1) or binary (2), length and value; MD5 of it all
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation).
 * Undefined where there is none.
 */
export function attributesMd5(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort()
  if (names.length === 0) return undefined
  const hash = createHash('md5')
  for (const key of names) {
    const attribute = attributes[key]
    if (!attribute) continue
    hash.update(counted(Buffer.from(key))).update(counted(Buffer.from(attribute.DataType)))
    hash.update(Buffer.of(isBinary(attribute) ? 2 : 1)).update(counted(contentOf(attribute)))
  }
  return hash.digest('hex')
}

/** Those that `MessageAttributeNames` asks for: by name, by `prefix.*`, or `All`. */
export function asked(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  const wants = (key: string): boolean => names.some((wanted) =>
    wanted === 'All' || wanted === key || (wanted.endsWith('.*') && key.startsWith(wanted.slice(0, -2))))
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => wants(key)))
}
