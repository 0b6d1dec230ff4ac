import { optionalChoice, optionalFlag, type Members } from '../members.ts'
import type { Operation, Operations, Reply, World } from '../operation.ts'
import { project, readProjection } from './paths.ts'
import { askFor, capacityKind, capacityOf, expressionsOf, readMember, refuseLegacy, tableOf, totalUnits } from './request.ts'
import { readRow, readUnits } from './rows.ts'
import { keyOfKey } from './table.ts'
import { itemSize, type Item } from './value.ts'
import { perform, planDelete, planPut, planUpdate, type Plan, type Written } from './write.ts'

const returnKinds = {
  PutItem: ['NONE', 'ALL_OLD'],
  DeleteItem: ['NONE', 'ALL_OLD'],
  UpdateItem: ['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW'],
} as const

type Return = (written: Written, plan: Plan) => Item | undefined

const existing = (item: Item | undefined, plan: Plan): Item | undefined => {
  const kept = item && project(item, plan.paths ?? [])
  return kept && Object.keys(kept).length > 0 ? kept : undefined
}

const returned: Readonly<Record<(typeof returnKinds.UpdateItem)[number], Return>> = {
  NONE: () => undefined,
  ALL_OLD: ({ old }) => old,
  ALL_NEW: ({ now }) => now,
  UPDATED_OLD: ({ old }, plan) => existing(old, plan),
  UPDATED_NEW: ({ now }, plan) => existing(now, plan),
}

function writing(name: keyof typeof returnKinds, key: 'Item' | 'Key', plan: (input: Members, world: World) => Plan): Operation {
  return {
    asks: (input, world) => [askFor(name, input, world, { key })],
    run(input, world, caller): Reply {
      const kind = optionalChoice(input, 'ReturnValues', returnKinds[name]) ?? 'NONE'
      const capacity = capacityKind(input)
      const planned = plan(input, world)
      const written = perform(planned, world, (units) => caller.spend(units))
      caller.spend(totalUnits(written.spent))
      const attributes = returned[kind](written, planned)
      return {
        ...(attributes && { Attributes: attributes }),
        ...(capacity && { ConsumedCapacity: capacityOf(planned.table.name, written.spent, capacity) }),
      }
    },
  }
}

const getItem: Operation = {
  asks: (input, world) => [askFor('GetItem', input, world, { key: 'Key' })],
  run(input, world, caller) {
    refuseLegacy(input)
    const key = readMember(input, 'Key')
    const expressions = expressionsOf(input, ['ProjectionExpression'])
    const projection = expressions.text('ProjectionExpression')
    const paths = projection === undefined ? undefined : readProjection(projection, expressions.placeholders)
    expressions.placeholders.finish()
    const table = tableOf(input, world)
    const capacity = capacityKind(input)
    const item = readRow(table, keyOfKey(table.keys, key), world)
    const units = readUnits(itemSize(item ?? {}), optionalFlag(input, 'ConsistentRead') ?? false)
    caller.spend(units)
    return {
      ...(item && { Item: paths ? project(item, paths) : item }),
      ...(capacity && { ConsumedCapacity: capacityOf(table.name, { table: units, indexes: {} }, capacity) }),
    }
  },
}

/** The operations on one item. */
export const itemOperations: Operations = {
  GetItem: getItem,
  PutItem: writing('PutItem', 'Item', planPut),
  UpdateItem: writing('UpdateItem', 'Key', planUpdate),
  DeleteItem: writing('DeleteItem', 'Key', planDelete),
}
