import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb'
import { conditions, placeholders, type Item, type Transition, type When } from './ledger.ts'

/** The ledger's transitions as DynamoDB takes them, and its items as they come back. */

type Attributes = Record<string, AttributeValue>

const attribute = (value: string | number | Uint8Array): AttributeValue =>
  typeof value === 'string' ? { S: value } : typeof value === 'number' ? { N: String(value) } : { B: value }

function attributes(item: Partial<Item>, prefix = ''): Attributes {
  const written: Attributes = {}
  for (const [name, value] of Object.entries(item)) if (value !== undefined) written[prefix + name] = attribute(value)
  return written
}

/** A reserved word. */
const names = { '#state': 'state' }

const expressions = new Map<When, { readonly text: string; readonly values: readonly (keyof typeof placeholders)[] }>()

/** Worked out once for each list of conditions, of which there are a handful. */
function expressionOf(when: When) {
  let made = expressions.get(when)
  if (made === undefined) {
    const lists = when.map((all) => all.map((name) => conditions[name].expression).join(' AND '))
    made = { text: lists.length === 1 ? lists.join('') : lists.map((list) => `(${list})`).join(' OR '), values: [...new Set(when.flat().flatMap((name) => conditions[name].values))] }
    expressions.set(when, made)
  }
  return made
}

function condition({ when, given }: Transition) {
  const { text, values } = expressionOf(when)
  const written: Attributes = {}
  for (const name of values) written[name] = attribute(placeholders[name](given))
  return {
    ConditionExpression: text, ReturnValuesOnConditionCheckFailure: 'ALL_OLD', ExpressionAttributeValues: written,
    // DynamoDB refuses a name that nothing uses.
    ...text.includes('#state') && { ExpressionAttributeNames: names },
  } as const
}

/** Worked out once for each way in which items are changed: `confirm` with a reply and without are two. */
const updates = new Map<string, { readonly text: string; readonly names: Readonly<Record<string, string>> }>()

function update({ name, when }: Transition, set: readonly string[], removed: readonly string[]) {
  const key = `${name} ${set.length}`
  let made = updates.get(key)
  if (made === undefined) {
    made = {
      text: `SET ${set.map((each) => `#${each} = :new_${each}`).join(', ')}${removed.length === 0 ? '' : ` REMOVE ${removed.map((each) => `#${each}`).join(', ')}`}`,
      // Some are reserved words, and more may become so.
      names: { ...expressionOf(when).text.includes('#state') && names, ...Object.fromEntries([...set, ...removed].map((each) => [`#${each}`, each])) },
    }
    updates.set(key, made)
  }
  return made
}

/** A transition as an entry of TransactWriteItems; what is in it is as well the input of the one command. */
export function entry(TableName: string, transition: Transition): TransactWriteItem {
  const { id, change } = transition
  const asked = { TableName, ...condition(transition) }
  const Key = { id: { S: id } }
  if (change === 'nothing') return { ConditionCheck: { Key, ...asked } }
  if (change === 'delete') return { Delete: { Key, ...asked } }
  if ('put' in change) return { Put: { Item: attributes(change.put), ...asked } }
  const { text, names } = update(transition, Object.keys(change.set), change.remove ?? [])
  return { Update: { Key, ...asked, UpdateExpression: text, ExpressionAttributeNames: names, ExpressionAttributeValues: { ...asked.ExpressionAttributeValues, ...attributes(change.set, ':new_') } } }
}

const numbers = new Set<string>(['digestVersion', 'lease', 'firstClaimedAt', 'repeatable', 'days', 'expires', 'confirmedAt'] satisfies (keyof Item)[])

/** An item as the transitions read it. */
export const readItem = (item: Attributes): Item => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, numbers.has(name) ? Number(value.N) : value.B ?? value.S])) as unknown as Item
