import { Failure, invalid } from '../failure.ts'
import { isMembers, list, object, optionalObject, optionalText, type Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { project, readProjection } from './paths.ts'
import { addSpent, askFor, capacityKind, capacityOf, expressionsOf, readMember, tableOf, totalUnits } from './request.ts'
import { readRow, readUnits, type Spent } from './rows.ts'
import { keyOfKey, type StoredKey, type Table } from './table.ts'
import { itemSize, type Item } from './value.ts'
import { apply, conditionFails, planCheck, planDelete, planPut, planUpdate, refusedUnits, type Plan } from './write.ts'

type Kind = { readonly action: string; readonly key: 'Item' | 'Key'; readonly plan: (input: Members, world: World) => Plan }

const kinds: Readonly<Record<string, Kind>> = {
  Put: { action: 'PutItem', key: 'Item', plan: planPut },
  Update: { action: 'UpdateItem', key: 'Key', plan: planUpdate },
  Delete: { action: 'DeleteItem', key: 'Key', plan: planDelete },
  ConditionCheck: { action: 'ConditionCheckItem', key: 'Key', plan: planCheck },
}

const tokenLifeMs = 10 * 60_000
const maxBytes = 4 * 1024 * 1024

type Entry = { readonly kind: Kind; readonly input: Members }

function entriesOf(input: Members): readonly Entry[] {
  return list(input, 'TransactItems', { min: 1, max: 100 }).map((raw) => {
    const entry = object(raw, 'TransactItems')
    const names = Object.keys(entry).filter((name) => entry[name] !== null)
    const [name = ''] = names
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (!kind || names.length > 1)
      throw invalid('TransactItems can only contain one of Check, Put, Update or Delete')
    return { kind, input: object(entry[name], name) }
  })
}

const placeOf = ({ table, key }: { table: Table; key: StoredKey }): string =>
  [table.name, key.h.toString('base64'), key.r.toString('base64')].join('/')

function refuseTwice(plans: readonly { table: Table; key: StoredKey }[]): void {
  if (new Set(plans.map(placeOf)).size < plans.length)
    throw invalid('Transaction request cannot include multiple operations on one item')
}

type Reason = { readonly Code: string; readonly Message?: string; readonly Item?: Item }

const cancelled = (reasons: readonly Reason[]): Failure => new Failure('TransactionCanceledException',
  `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map(({ Code }) => Code).join(', ')}]`,
  { CancellationReasons: reasons })

/** The answer to a transaction that collided with another one: what the `conflict` fault gives. */
export function conflicted(input: Members): Failure {
  const entries = Array.isArray(input['TransactItems']) ? input['TransactItems'] : []
  return cancelled(entries.filter(isMembers).map(() => ({ Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' })))
}

type Run = { readonly spent: ReadonlyMap<string, Spent> }

function execute(plans: readonly Plan[], world: World, refused: (units: number) => void): Run {
  const old = plans.map((plan) => readRow(plan.table, plan.key, world))
  const reasons = plans.map((plan, i): Reason => {
    if (!conditionFails(plan, old[i])) return { Code: 'None' }
    const shown = plan.showsOld ? old[i] : undefined
    return { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', ...(shown && { Item: shown }) }
  })
  const fail = (): never => {
    refused(old.reduce((all, item) => all + 2 * refusedUnits(item), 0))
    throw cancelled(reasons)
  }
  if (reasons.some(({ Code }) => Code !== 'None')) fail()
  const spent = new Map<string, Spent>()
  for (const [i, plan] of plans.entries()) {
    try {
      const { spent: once } = apply(plan, old[i], world)
      const sofar = spent.get(plan.table.name)
      const both = addSpent(once, once)
      spent.set(plan.table.name, sofar ? addSpent(sofar, both) : both)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      reasons[i] = { Code: 'ValidationError', Message: error.message }
      fail()
    }
  }
  return { spent }
}

// Keyed, since items are in it. What the token stands for: everything but the token itself and what is only about the answer.
function digestOf(input: Members, { store }: World): string {
  const { ClientRequestToken: _, ReturnConsumedCapacity: __, ReturnItemCollectionMetrics: ___, ...rest } = input
  return store.digest(JSON.stringify(sorted(rest)), 'transaction')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isMembers(value)) return value
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)])
}

/** Whether this token has already done the same work; throws when it did other work. */
function repeated(token: string, digest: string, { store, now }: World): boolean {
  store.statement('DELETE FROM ddb_tokens WHERE at < ?').run(now() - tokenLifeMs)
  const row = store.statement('SELECT digest FROM ddb_tokens WHERE token = ?').get(token)
  if (row && row['digest'] !== digest)
    throw new Failure('IdempotentParameterMismatchException', 'The parameters of this request do not match those of an earlier one with the same token')
  return row !== undefined
}

const consumed = (spent: ReadonlyMap<string, Spent>, kind: 'TOTAL' | 'INDEXES') =>
  [...spent].map(([name, units]) => capacityOf(name, units, kind))

const transactWriteItems: Operation = {
  asks: (input, world): readonly Ask[] => entriesOf(input)
    .map(({ kind, input: entry }) => askFor(kind.action, entry, world, { key: kind.key, enclosing: 'TransactWriteItems' })),
  run(input, world, caller) {
    const token = optionalText(input, 'ClientRequestToken', { max: 36 })
    const capacity = capacityKind(input)
    const plans = entriesOf(input).map(({ kind, input: entry }) => kind.plan(entry, world))
    refuseTwice(plans)
    if (JSON.stringify(input).length > 2 * maxBytes) throw invalid('Transaction request size has exceeded the 4 MB limit')
    const spent = world.store.write(() => {
      const digest = token === undefined ? '' : digestOf(input, world)
      if (token !== undefined && repeated(token, digest, world)) return new Map<string, Spent>()
      const done = execute(plans, world, (units) => caller.spend(units)).spent
      if (token !== undefined)
        world.store.statement('INSERT INTO ddb_tokens (token, digest, at) VALUES (?, ?, ?)').run(token, digest, world.now())
      return done
    })
    for (const one of spent.values()) caller.spend(totalUnits(one))
    return capacity ? { ConsumedCapacity: consumed(spent, capacity) } : {}
  },
}

const getsOf = (input: Members): readonly Members[] =>
  list(input, 'TransactItems', { min: 1, max: 100 }).map((raw) => object(optionalObject(object(raw, 'TransactItems'), 'Get'), 'Get'))

const transactGetItems: Operation = {
  asks: (input, world) => getsOf(input).map((entry) => askFor('GetItem', entry, world, { key: 'Key', enclosing: 'TransactGetItems' })),
  run(input, world, caller) {
    const capacity = capacityKind(input)
    const gets = getsOf(input).map((entry) => {
      const expressions = expressionsOf(entry, ['ProjectionExpression'])
      const projection = expressions.text('ProjectionExpression')
      const paths = projection === undefined ? undefined : readProjection(projection, expressions.placeholders)
      expressions.placeholders.finish()
      const table = tableOf(entry, world)
      return { table, key: keyOfKey(table.keys, readMember(entry, 'Key')), paths }
    })
    refuseTwice(gets)
    const spent = new Map<string, Spent>()
    const responses = gets.map(({ table, key, paths }) => {
      const item = readRow(table, key, world)
      const once = { table: 2 * readUnits(itemSize(item ?? {}), true), indexes: {} }
      const sofar = spent.get(table.name)
      spent.set(table.name, sofar ? addSpent(sofar, once) : once)
      caller.spend(once.table)
      return item ? { Item: paths ? project(item, paths) : item } : {}
    })
    return { Responses: responses, ...(capacity && { ConsumedCapacity: consumed(spent, capacity) }) }
  },
}

/** All-or-nothing operations. */
export const transactOperations: Operations = { TransactWriteItems: transactWriteItems, TransactGetItems: transactGetItems }
