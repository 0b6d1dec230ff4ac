import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Principal } from './aws/principals.ts'
import type { Role } from './template/roles.ts'
import { writeWhole } from './write-whole.ts'

/** Somebody who signs requests. */
export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Shaped like AWS keys, with a prefix that AWS does not hand out: nobody takes them for real ones. */
const drawKeys = (): Keys => ({
  accessKeyId: `LKIA${[...randomBytes(16)].map((byte) => alphabet[byte % 32]).join('')}`,
  secretAccessKey: randomBytes(30).toString('base64'),
})

export interface Principals {
  readonly administrator: Keys
  /** By role ARN. */
  readonly roles: ReadonlyMap<string, Keys>
}

/** The people and roles of this run, with keys that stay the same over restarts. */
export function principalsFile(file: string, account: string): {
  readonly administrator: Keys
  write(roles: readonly Role[]): Principals
  /** With an endpoint of the user's own: its credentials are the administrator's, and the only ones. */
  admit(keys: Keys): void
} {
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as Principal[] : []
  const known = new Map(before.map(({ arn, accessKeyId, secretAccessKey }): [string, Keys] => [arn, { accessKeyId, secretAccessKey }]))
  /** The same at every writing: processes that run have them. */
  const keysOf = (arn: string): Keys => {
    const keys = known.get(arn) ?? drawKeys()
    known.set(arn, keys)
    return keys
  }
  const arn = `arn:aws:iam::${account}:user/administrator`
  const administrator = keysOf(arn)
  const policies = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }]
  return {
    administrator,
    admit: (keys) => writeWhole(file, JSON.stringify([{ ...keys, arn, policies }])),
    write(roles) {
      const principals = roles.map((role) => ({ ...keysOf(role.arn), arn: role.arn, policies: role.policies, ...role.boundary && { boundary: role.boundary } }))
      writeWhole(file, JSON.stringify([{ ...administrator, arn, policies }, ...principals]))
      return { administrator, roles: new Map(principals.map(({ arn, accessKeyId, secretAccessKey }) => [arn, { accessKeyId, secretAccessKey }])) }
    },
  }
}
