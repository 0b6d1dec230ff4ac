import { randomBytes } from 'node:crypto'
import { may } from './gate.ts'
import type { World } from './operation.ts'
import type { Principal } from './principals.ts'

/** A caller of STS and the fields of its form. */
export type StsCall = { readonly caller: Principal; readonly form: URLSearchParams }
export type StsReply = { readonly operation: string; readonly status: number; readonly xml: string }

type Session = { readonly role: string; readonly secretAccessKey: string; readonly sessionToken: string; readonly until: number }

const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
const xmlns = 'https://sts.amazonaws.com/doc/2011-06-15/'
const failure = (code: string, message: string): string => `<ErrorResponse xmlns="${xmlns}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error></ErrorResponse>`
const result = (operation: string, content: string): string => `<${operation}Response xmlns="${xmlns}"><${operation}Result>${content}</${operation}Result></${operation}Response>`

/**
 * STS in its Query protocol: AssumeRole for the roles of the principals file, and GetCallerIdentity. Sessions live in
 * memory and carry the policies that the role has at the time of a call. Trust policies are not known here: who may
 * assume a role is decided by the caller's own `sts:AssumeRole`.
 */
export function startSts(principals: () => ReadonlyMap<string, Principal>, world: World) {
  const sessions = new Map<string, Session>()

  /** Everybody who may sign now: the people and roles of the file, and the sessions of its roles. */
  function known(): ReadonlyMap<string, Principal> {
    const file = principals()
    if (sessions.size === 0) return file
    const all = new Map(file)
    for (const [accessKeyId, { role, secretAccessKey, sessionToken, until }] of sessions) {
      const principal = [...file.values()].find(({ arn }) => arn === role)
      if (principal && until > world.now()) all.set(accessKeyId, { ...principal, accessKeyId, secretAccessKey, sessionToken })
      else sessions.delete(accessKeyId)
    }
    return all
  }

  function assumeRole({ caller, form }: StsCall): StsReply {
    const operation = 'AssumeRole'
    const role = form.get('RoleArn') ?? ''
    const seconds = Number(form.get('DurationSeconds') ?? 3_600)
    const exists = [...principals().values()].some(({ arn }) => arn === role)
    if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? '') || !(seconds >= 900 && seconds <= 43_200)) {
      return { operation, status: 400, xml: failure('ValidationError', 'RoleSessionName or DurationSeconds is missing or not as STS takes it') }
    }
    if (!exists || !may(caller, { action: 'sts:AssumeRole', resource: role }, world)) {
      return { operation, status: 403, xml: failure('AccessDenied', `User: ${caller.arn} is not authorized to perform: sts:AssumeRole`) }
    }
    const accessKeyId = `LSIA${randomBytes(8).toString('hex').toUpperCase()}`
    const session: Session = { role, secretAccessKey: randomBytes(30).toString('base64'), sessionToken: randomBytes(48).toString('base64'), until: world.now() + seconds * 1_000 }
    sessions.set(accessKeyId, session)
    return {
      operation, status: 200, xml: result(operation, `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${session.secretAccessKey}</SecretAccessKey><SessionToken>${session.sessionToken}</SessionToken><Expiration>${new Date(session.until).toISOString()}</Expiration></Credentials><AssumedRoleUser><Arn>${escaped(role)}</Arn></AssumedRoleUser>`),
    }
  }

  const operations: Readonly<Record<string, (call: StsCall) => StsReply>> = {
    AssumeRole: assumeRole,
    GetCallerIdentity: ({ caller }) => ({
      operation: 'GetCallerIdentity', status: 200,
      xml: result('GetCallerIdentity', `<Arn>${escaped(caller.arn)}</Arn><UserId>${caller.accessKeyId}</UserId><Account>${world.account}</Account>`),
    }),
  }

  return {
    known,
    answer(call: StsCall): StsReply {
      const name = call.form.get('Action') ?? ''
      const run = Object.hasOwn(operations, name) ? operations[name] : undefined
      return run ? run(call) : { operation: 'unknown', status: 400, xml: failure('InvalidAction', 'This stand-in knows AssumeRole and GetCallerIdentity') }
    },
    /** An exception as STS spells it. */
    failure: (code: string, message: string): string => failure(code, message),
  }
}
