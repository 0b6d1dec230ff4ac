import { randomUUID } from 'node:crypto'
import { Failure } from '../failure.ts'
import { serviceMay } from '../gate.ts'
import { isMembers, list, object, type Members } from '../members.ts'
import type { Ask, Operation, Operations, World } from '../operation.ts'
import { refuseKey } from '../sqs/encryption.ts'
import { askForQueue, findQueue, nameOfArn } from '../sqs/queue.ts'
import { deliver } from '../sqs/send.ts'
import { wake } from '../sqs/waiting.ts'
import { readPattern } from './pattern.ts'
import { allRules, ruleArn, type Rule, type Target } from './rules.ts'

const service = 'events.amazonaws.com'
/** Of one entry; 256 KB until January 2026. */
const maxBytes = 1_048_576

/** What is wrong with an entry: it alone is refused. */
class EntryFailure extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function required(entry: Members, name: string): string {
  const value = entry[name]
  if (typeof value === 'string' && value !== '') return value
  throw new EntryFailure('InvalidArgument', `Parameter ${name} is not valid. Reason: ${name} is a required argument.`)
}

function detailOf(entry: Members): Members {
  const detail = required(entry, 'Detail')
  try {
    const parsed: unknown = JSON.parse(detail)
    if (isMembers(parsed)) return parsed
  } catch {
    // V8 quotes the text.
  }
  throw new EntryFailure('MalformedDetail', 'Detail is malformed.')
}

/** The event as rules and targets see it (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html). */
function eventOf(raw: unknown, { region, account, now }: World): Members {
  const entry = object(raw, 'Entries')
  const [source, type, detail] = [required(entry, 'Source'), required(entry, 'DetailType'), detailOf(entry)]
  const { Resources: resources = [], Time: time, EventBusName: bus = 'default' } = entry
  if (source.startsWith('aws.')) throw new EntryFailure('NotAuthorizedForSourceException', 'Not authorized for the source.')
  if (bus !== 'default' && bus !== `arn:aws:events:${region}:${account}:event-bus/default`) throw new EntryFailure('InvalidArgument', 'This stand-in knows the default event bus alone.')
  if (!Array.isArray(resources) || !resources.every((resource) => typeof resource === 'string')) throw new EntryFailure('InvalidArgument', 'Parameter Resources is not valid.')
  if (Buffer.byteLength(JSON.stringify([source, type, entry['Detail'], resources])) > maxBytes) throw new EntryFailure('InvalidArgument', 'Total size of the entry is greater than the allowed size.')
  const at = new Date(typeof time === 'number' ? time * 1000 : now())
  return {
    version: '0', id: randomUUID(), 'detail-type': type, source, account, time: at.toISOString().replace(/\.\d{3}Z$/, 'Z'), region, resources, detail,
  }
}

/** Sends an event to a queue, as far as the queue's policy and key admit EventBridge; on AWS, too, the sender of the event learns nothing of it. */
function sendTo({ arn, group }: Target, rule: Rule, event: Members, world: World): void {
  const name = nameOfArn(arn, world)
  const queue = name === undefined ? undefined : findQueue(name, world)
  const failed = (why: string): void => { process.stderr.write(`aws stand-in: rule ${rule.name} does not reach ${arn}: ${why}\n`) }
  if (!queue) return failed('there is no such queue')
  const may = (ask: Ask): boolean => serviceMay(service, ask, ruleArn(rule.name, world), world)
  if (!may(askForQueue('SendMessage', queue.name, world))) return failed(`its policy does not let ${service} send`)
  try {
    refuseKey(queue, ['GenerateDataKey', 'Decrypt'], may, world)
    deliver(queue, { MessageBody: JSON.stringify(event), ...group !== undefined && { MessageGroupId: group } }, service, world)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    failed(error.code)
  }
}

function publish(event: Members, world: World): void {
  for (const rule of allRules(world)) {
    if (rule.enabled && readPattern(rule.pattern)(event)) for (const target of rule.targets) sendTo(target, rule, event, world)
  }
}

const putEvents: Operation = {
  asks: (_, { region, account }) => [{ action: 'events:PutEvents', resource: `arn:aws:events:${region}:${account}:event-bus/default` }],
  run(input, world) {
    const entries = list(input, 'Entries', { min: 1, max: 10 })
    const results = world.store.write(() => entries.map((raw) => {
      try {
        const event = eventOf(raw, world)
        publish(event, world)
        return { EventId: event['id'] }
      } catch (error) {
        if (error instanceof EntryFailure) return { ErrorCode: error.code, ErrorMessage: error.message }
        throw error
      }
    }))
    wake(world)
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results }
  },
}

export const eventOperations: Operations = { PutEvents: putEvents }
