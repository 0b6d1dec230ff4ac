import type { Endpoint } from './clients.ts'
import type { Keys } from './principals-file.ts'
import { signed } from './signed-fetch.ts'

/** One call to STS in its Query protocol; undefined where the endpoint has no STS, or refuses. */
async function sts({ url, region, credentials }: Endpoint, form: Readonly<Record<string, string>>): Promise<string | undefined> {
  const body = new URLSearchParams({ Version: '2011-06-15', ...form }).toString()
  try {
    const target = new URL('/', url).href
    const response = await fetch(target, signed(target, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body }, { ...credentials, region, service: 'sts' }))
    return response.ok ? await response.text() : undefined
  } catch {
    return undefined
  }
}

const element = (xml: string | undefined, name: string): string | undefined => new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml ?? '')?.[1]

/** The account behind an endpoint, if it says so. */
export const accountAt = async (endpoint: Endpoint): Promise<string | undefined> => element(await sts(endpoint, { Action: 'GetCallerIdentity' }), 'Account')

/** Credentials of a role at an endpoint that has it: functions then run as what their policies name. */
export async function assumeRole(endpoint: Endpoint, role: string): Promise<Keys | undefined> {
  const xml = await sts(endpoint, { Action: 'AssumeRole', RoleArn: role, RoleSessionName: 'sallyport-local', DurationSeconds: '43200' })
  const [accessKeyId, secretAccessKey, sessionToken] = ['AccessKeyId', 'SecretAccessKey', 'SessionToken'].map((name) => element(xml, name))
  return accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined ? undefined : { accessKeyId, secretAccessKey, sessionToken }
}
