import { Failure, invalid } from '../failure.ts'
import { list, object, optionalChoice, optionalObject, optionalText, text, type Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { readPattern } from './pattern.ts'

export type Target = { readonly id: string; readonly arn: string; readonly group?: string }
export type Rule = { readonly name: string; readonly pattern: string; readonly enabled: boolean; readonly targets: readonly Target[] }

export const ruleArn = (name: string, { region, account }: World): string => `arn:aws:events:${region}:${account}:rule/${name}`

const nameBounds = { max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ }

export const allRules = ({ store }: World): readonly Rule[] =>
  store.statement('SELECT doc FROM event_rules ORDER BY name').all().map((row) => JSON.parse(String(row['doc'])) as Rule)

function saveRule(rule: Rule, { store }: World): void {
  store.statement('INSERT INTO event_rules (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc').run(rule.name, JSON.stringify(rule))
}

function refuseBus(input: Members): void {
  const bus = optionalText(input, 'EventBusName', { max: 1600 })
  if (bus !== undefined && bus !== 'default') throw new Failure('ResourceNotFoundException', 'This stand-in knows the default event bus alone.')
}

const asks = (action: string, member: string) => (input: Members, world: World): readonly Ask[] =>
  [{ action: `events:${action}`, resource: ruleArn(text(input, member, nameBounds), world) }]

const putRule: Operation = {
  asks: asks('PutRule', 'Name'),
  run(input, world) {
    refuseBus(input)
    const [name, pattern] = [text(input, 'Name', nameBounds), text(input, 'EventPattern', { max: 4096 })]
    if (optionalText(input, 'ScheduleExpression') !== undefined) throw invalid('ScheduleExpression is not implemented by this stand-in')
    readPattern(pattern)
    const enabled = optionalChoice(input, 'State', ['ENABLED', 'DISABLED']) !== 'DISABLED'
    return world.store.write(() => {
      const before = allRules(world).find((rule) => rule.name === name)
      saveRule({ name, pattern, enabled, targets: before?.targets ?? [] }, world)
      return { RuleArn: ruleArn(name, world) }
    })
  },
}

function targetOf(raw: unknown): Target {
  const input = object(raw, 'Targets')
  for (const member of Object.keys(input)) if (!['Id', 'Arn', 'SqsParameters'].includes(member)) throw invalid(`Target member ${member} is not implemented by this stand-in`)
  const arn = text(input, 'Arn', { max: 1600 })
  if (!arn.startsWith('arn:aws:sqs:')) throw invalid('Targets other than SQS queues are not implemented by this stand-in')
  const parameters = optionalObject(input, 'SqsParameters')
  const group = parameters && text(parameters, 'MessageGroupId', { max: 100 })
  return { id: text(input, 'Id', nameBounds), arn, ...group !== undefined && { group } }
}

function theRule(input: Members, world: World): Rule {
  const name = text(input, 'Rule', nameBounds)
  const rule = allRules(world).find((each) => each.name === name)
  if (!rule) throw new Failure('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`)
  return rule
}

const putTargets: Operation = {
  asks: asks('PutTargets', 'Rule'),
  run: (input, world) => world.store.write(() => {
    refuseBus(input)
    const rule = theRule(input, world)
    const given = list(input, 'Targets', { min: 1, max: 5 }).map(targetOf)
    const kept = rule.targets.filter(({ id }) => !given.some((target) => target.id === id))
    saveRule({ ...rule, targets: [...kept, ...given] }, world)
    return { FailedEntryCount: 0, FailedEntries: [] }
  }),
}

const listTargets: Operation = {
  asks: asks('ListTargetsByRule', 'Rule'),
  run(input, world) {
    refuseBus(input)
    return { Targets: theRule(input, world).targets.map(({ id, arn, group }) => ({ Id: id, Arn: arn, ...group !== undefined && { SqsParameters: { MessageGroupId: group } } })) }
  },
}

const removeTargets: Operation = {
  asks: asks('RemoveTargets', 'Rule'),
  run: (input, world) => world.store.write(() => {
    refuseBus(input)
    const rule = theRule(input, world)
    const gone = list(input, 'Ids', { min: 1, max: 100 })
    saveRule({ ...rule, targets: rule.targets.filter(({ id }) => !gone.includes(id)) }, world)
    return { FailedEntryCount: 0, FailedEntries: [] }
  }),
}

/** The operations on rules of the default bus and their targets. */
export const ruleOperations: Operations = { PutRule: putRule, PutTargets: putTargets, ListTargetsByRule: listTargets, RemoveTargets: removeTargets }
