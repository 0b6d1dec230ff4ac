import type { Endpoint } from './clients.ts'
import { signed } from './signed-fetch.ts'
import { eventRulesOf } from './template/rules.ts'
import type { Template } from './template/template.ts'

/** One request to EventBridge. Throws a sentence with the exception's name where it is refused. */
async function ask({ url, region, credentials }: Endpoint, operation: string, input: object): Promise<unknown> {
  const target = new URL('/', url).href
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSEvents.${operation}` }
  const response = await fetch(target, signed(target, { method: 'POST', headers, body: JSON.stringify(input) }, { ...credentials, region, service: 'events' }))
  const answer = await response.json() as { readonly __type?: string; readonly FailedEntryCount?: number }
  if (response.status >= 300 || (answer.FailedEntryCount ?? 0) > 0) throw new Error(`EventBridge refused ${operation} (${response.status} ${answer.__type?.replace(/^.*#/, '') ?? 'some failed'})`)
  return answer
}

/** Puts the template's rules for events, each with exactly its targets. Gives sentences about what is left out. */
export async function provisionRules(template: Template, endpoint: Endpoint): Promise<readonly string[]> {
  const { rules, notes } = eventRulesOf(template)
  for (const { name, pattern, enabled, targets } of rules) {
    await ask(endpoint, 'PutRule', { Name: name, EventPattern: pattern, State: enabled ? 'ENABLED' : 'DISABLED' })
    const { Targets = [] } = await ask(endpoint, 'ListTargetsByRule', { Rule: name }) as { Targets?: { Id: string }[] }
    const gone = Targets.map(({ Id }) => Id).filter((id) => !targets.some((target) => target.id === id))
    if (gone.length > 0) await ask(endpoint, 'RemoveTargets', { Rule: name, Ids: gone })
    if (targets.length > 0) {
      await ask(endpoint, 'PutTargets', { Rule: name, Targets: targets.map(({ id, arn, group }) => ({ Id: id, Arn: arn, ...group !== undefined && { SqsParameters: { MessageGroupId: group } } })) })
    }
  }
  return notes
}
