import { randomUUID } from 'node:crypto'
import { covers } from '../aws/iam-pattern.ts'
import type { Found, Template } from './template.ts'

/** A rule that sends events to queues. */
export interface WantedRule {
  readonly name: string
  readonly pattern: string
  readonly enabled: boolean
  readonly targets: readonly { readonly id: string; readonly arn: string; readonly group: string | undefined }[]
}

/** A function that a clock would invoke; here somebody does who asks for it by name. */
export interface Schedule {
  readonly rule: string
  /** Full name. */
  readonly function: string
  /** At a moment. */
  readonly event: (at: Date) => object
}

type Members = Readonly<Record<string, unknown>>

const targetsOf = (rule: Members): readonly Members[] => (rule['Targets'] ?? []) as Members[]
const nameOf = (template: Template, found: Found): string => template.ref(found)

/** The template's rules with an event pattern, and sentences about what of them the local run leaves out. */
export function eventRulesOf(template: Template): { readonly rules: readonly WantedRule[]; readonly notes: readonly string[] } {
  const notes: string[] = []
  const rules = template.ofType('AWS::Events::Rule').flatMap((found): WantedRule[] => {
    const rule = template.properties(found)
    if (rule['EventPattern'] === undefined) return []
    const name = nameOf(template, found)
    if (rule['EventBusName'] !== undefined && rule['EventBusName'] !== 'default') throw new Error(`rule ${name}: the local run knows the default event bus alone`)
    const targets = targetsOf(rule).flatMap((target) => {
      const [id, arn] = [String(target['Id']), String(target['Arn'])]
      if (!arn.startsWith('arn:aws:sqs:')) {
        notes.push(`rule ${name}: its target ${id} is no queue, and gets no events here`)
        return []
      }
      for (const member of Object.keys(target)) {
        if (!['Id', 'Arn', 'SqsParameters', 'DeadLetterConfig', 'RetryPolicy'].includes(member)) throw new Error(`rule ${name}, target ${id}: the local run does not know ${member}`)
      }
      if (target['DeadLetterConfig'] !== undefined) notes.push(`rule ${name}: what does not reach its target ${id} is lost here, and not put into its dead-letter queue`)
      const { MessageGroupId: group } = (target['SqsParameters'] ?? {}) as { MessageGroupId?: string }
      return [{ id, arn, group }]
    })
    return [{ name, pattern: JSON.stringify(rule['EventPattern']), enabled: rule['State'] !== 'DISABLED', targets }]
  })
  return { rules, notes }
}

/** What EventBridge makes of a rule's time, where the rule says nothing else (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html). */
const scheduled = (arn: string, { account, region }: Template) => (at: Date): object => ({
  version: '0', id: randomUUID(), 'detail-type': 'Scheduled Event', source: 'aws.events', account,
  time: at.toISOString().replace(/\.\d{3}Z$/, 'Z'), region, resources: [arn], detail: {},
})

/** The functions that rules of the template would invoke by the clock. Throws for a target that may not be invoked: AWS would not either. */
export function schedulesOf(template: Template): Schedule[] {
  const functions = template.ofType('AWS::Lambda::Function')
  const permissions = template.ofType('AWS::Lambda::Permission').map((found) => template.properties(found))
  return template.ofType('AWS::Events::Rule').flatMap((found) => {
    const rule = template.properties(found)
    if (rule['ScheduleExpression'] === undefined) return []
    const [name, arn] = [nameOf(template, found), template.att(found, 'Arn')]
    return targetsOf(rule).flatMap((target): Schedule[] => {
      const fn = functions.find((each) => template.att(each, 'Arn') === target['Arn'])
      if (fn === undefined) return []
      const names = [template.ref(fn), template.att(fn, 'Arn')]
      const invokable = permissions.some(({ Action, Principal, FunctionName, SourceArn }) => Action === 'lambda:InvokeFunction' && Principal === 'events.amazonaws.com'
        && names.includes(String(FunctionName)) && (SourceArn === undefined || (typeof SourceArn === 'string' && covers(SourceArn, arn, {}))))
      if (!invokable) throw new Error(`rule ${name}: no permission of the template lets EventBridge invoke ${names[0]}`)
      const input = typeof target['Input'] === 'string' ? JSON.parse(target['Input']) as object : undefined
      const event = input ? (): object => input : scheduled(arn, template)
      return [{ rule: name, function: template.ref(fn), event }]
    })
  })
}
