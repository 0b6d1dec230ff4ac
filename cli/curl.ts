import { leaves, type Pipeline } from 'sallyport'
import type { Run } from '../local/run.ts'
import type { Route } from '../local/gateway/route.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** A curl line for a route, to be pasted as it is: signed where the route asks for that. */
export function curl(run: Run, route: Route, { type, data }: { readonly type?: string; readonly data?: string } = {}): string {
  const [method = 'GET', path = '/'] = route.key.split(' ')
  const { accessKeyId, secretAccessKey, region } = run.aws
  return [
    'curl', '-i',
    ...route.auth === 'AWS_IAM' ? ['--aws-sigv4', quoted(`aws:amz:${region}:execute-api`), '--user', quoted(`${accessKeyId}:${secretAccessKey}`)] : [],
    ...method === 'GET' ? [] : ['-X', method],
    ...type === undefined ? [] : ['-H', quoted(`content-type: ${type}`)],
    ...data === undefined ? [] : ['--data-binary', data.startsWith('@') ? data : quoted(data)],
    `${run.gateway}${path}`,
  ].join(' ')
}

/** What the first step of a pipeline that takes JSON would refuse is not known here: an empty object says that something belongs there. */
export const placeholder = ({ trigger, steps }: Pipeline): { type: string; data: string } => ({
  type: trigger.accept, data: trigger.accept === 'application/json' ? '{}' : `<sealed for ${[...leaves(steps)][0]?.kind ?? 'the pipeline'}>`,
})
