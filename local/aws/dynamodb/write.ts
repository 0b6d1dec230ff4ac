import { Failure, invalid } from '../failure.ts'
import { optionalChoice, text, type Members } from '../members.ts'
import type { World } from '../operation.ts'
import type { Condition } from './condition.ts'
import { holds } from './holds.ts'
import type { Path } from './tokens.ts'
import { applyUpdate, readUpdate, type Update } from './update.ts'
import { conditionOf, expressionsOf, maxItem, readMember, refuseLegacy, tableOf } from './request.ts'
import { readRow, writeRow, writeUnits, type Spent } from './rows.ts'
import { keyNames, keyOfItem, keyOfKey, type StoredKey, type Table } from './table.ts'
import { itemSize, type Item } from './value.ts'

/** A write that has been checked against its table, ready to run alone or in a transaction. */
export type Plan = {
  readonly table: Table
  readonly key: StoredKey
  readonly condition?: Condition
  /** Whether a refusal shows the item that stands in the way. */
  readonly showsOld: boolean
  /** The item afterwards; undefined removes it. Null: nothing is written (a condition check). */
  readonly next: ((old: Item | undefined) => Item | undefined) | null
  /** The paths of an update, for UPDATED_OLD and UPDATED_NEW. */
  readonly paths?: readonly Path[]
}

type Common = Pick<Plan, 'showsOld' | 'condition'>

function commonOf(input: Members, condition: Condition | undefined): Common {
  const shows = optionalChoice(input, 'ReturnValuesOnConditionCheckFailure', ['NONE', 'ALL_OLD'])
  return { showsOld: shows === 'ALL_OLD', ...(condition && { condition }) }
}

function sized(item: Item, message: string): Item {
  if (itemSize(item) > maxItem) throw invalid(message)
  return item
}

export function planPut(input: Members, world: World): Plan {
  refuseLegacy(input)
  const item = readMember(input, 'Item')
  const expressions = expressionsOf(input, ['ConditionExpression'])
  const condition = conditionOf(expressions, 'ConditionExpression')
  expressions.placeholders.finish()
  const table = tableOf(input, world)
  sized(item, 'Item size has exceeded the maximum allowed size')
  return { ...commonOf(input, condition), table, key: keyOfItem(table.keys, item), next: () => item }
}

function refuseKeyChange(update: Update, table: Table): void {
  for (const { path } of update)
    for (const name of keyNames(table.keys))
      if (path[0] === name)
        throw invalid(`One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`)
}

export function planUpdate(input: Members, world: World): Plan {
  refuseLegacy(input)
  const keyItem = readMember(input, 'Key')
  const expressions = expressionsOf(input, ['UpdateExpression', 'ConditionExpression'])
  const source = expressions.text('UpdateExpression')
  const update = source === undefined ? [] : readUpdate(source, expressions.placeholders)
  const condition = conditionOf(expressions, 'ConditionExpression')
  expressions.placeholders.finish()
  const table = tableOf(input, world)
  refuseKeyChange(update, table)
  return {
    ...commonOf(input, condition),
    table,
    key: keyOfKey(table.keys, keyItem),
    paths: update.map((action) => action.path),
    next: (old) => sized(applyUpdate(update, old ?? keyItem), 'Item size to update has exceeded the maximum allowed size'),
  }
}

export function planDelete(input: Members, world: World): Plan {
  refuseLegacy(input)
  const keyItem = readMember(input, 'Key')
  const expressions = expressionsOf(input, ['ConditionExpression'])
  const condition = conditionOf(expressions, 'ConditionExpression')
  expressions.placeholders.finish()
  const table = tableOf(input, world)
  return { ...commonOf(input, condition), table, key: keyOfKey(table.keys, keyItem), next: () => undefined }
}

export function planCheck(input: Members, world: World): Plan {
  text(input, 'ConditionExpression', { min: 0, max: 1_000_000 })
  return { ...planDelete(input, world), next: null }
}

export type Written = { readonly old: Item | undefined; readonly now: Item | undefined; readonly spent: Spent }

/** What a refused write costs: that of the item that it met. */
export const refusedUnits = (old: Item | undefined): number => writeUnits(itemSize(old ?? {}))

export const conditionFails = (plan: Plan, old: Item | undefined): boolean =>
  plan.condition !== undefined && !holds(plan.condition, old ?? {})

/** Computes, checks and stores what comes after `old`; inside `store.write`. */
export function apply(plan: Plan, old: Item | undefined, world: World): Written {
  if (!plan.next) return { old, now: old, spent: { table: writeUnits(itemSize(old ?? {})), indexes: {} } }
  const now = plan.next(old)
  const spent = writeRow(plan.table, plan.key, old, now, world)
  return { old, now, spent }
}

/** One write on its own. Throws `ConditionalCheckFailedException`, with the item if the request asked for it. */
export function perform(plan: Plan, world: World, refused: (units: number) => void): Written {
  return world.store.write(() => {
    const old = readRow(plan.table, plan.key, world)
    if (conditionFails(plan, old)) {
      refused(refusedUnits(old))
      throw new Failure('ConditionalCheckFailedException', 'The conditional request failed', plan.showsOld && old ? { Item: old } : {})
    }
    return apply(plan, old, world)
  })
}

