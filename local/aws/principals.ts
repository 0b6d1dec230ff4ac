import { readFileSync, statSync } from 'node:fs'
import { readPolicy, type Doc } from './iam.ts'
import { isMembers, type Members } from './members.ts'

/** Who may call: one entry of the principals file. */
export type Principal = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly arn: string
  readonly policies: readonly Doc[]
  readonly boundary?: Doc
}

/** The last part of an ARN: the name of the role or user. */
export const roleOf = (arn: string): string => arn.split('/').at(-1) ?? ''

function textOf(entry: Members, name: string): string {
  const value = entry[name]
  if (typeof value !== 'string' || value === '') throw new Error(`${name} must be a string`)
  return value
}

function checked(doc: unknown): Doc {
  if (!isMembers(doc)) throw new Error('a policy must be an object')
  readPolicy(doc)
  return doc
}

function readPrincipal(entry: unknown): Principal {
  if (!isMembers(entry)) throw new Error('a principal must be an object')
  const { policies, boundary } = entry
  const arn = textOf(entry, 'arn')
  if (!Array.isArray(policies)) throw new Error(`policies of ${arn} must be a list`)
  try {
    return {
      arn,
      accessKeyId: textOf(entry, 'accessKeyId'),
      secretAccessKey: textOf(entry, 'secretAccessKey'),
      ...(entry['sessionToken'] !== undefined && { sessionToken: textOf(entry, 'sessionToken') }),
      policies: policies.map(checked),
      ...(boundary !== undefined && boundary !== null && { boundary: checked(boundary) }),
    }
  } catch (error) {
    throw new Error(`${arn}: ${error instanceof Error ? error.message : 'not readable'}`, { cause: error })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // V8's own message for broken JSON quotes the text, which holds secrets.
    return undefined
  }
}

/** The principals of a file, by access key id. Throws a sentence that names the file and the principal. */
export function readPrincipals(path: string): ReadonlyMap<string, Principal> {
  const parsed = parseJson(readFileSync(path, 'utf8'))
  if (!Array.isArray(parsed)) throw new Error(`${path} is not usable: it must hold a list, as JSON`)
  try {
    return new Map(parsed.map(readPrincipal).map((principal) => [principal.accessKeyId, principal]))
  } catch (error) {
    throw new Error(`${path} is not usable: ${error instanceof Error ? error.message : 'not readable'}`, { cause: error })
  }
}

/** Reads the file now, and again whenever it has changed. A call throws while the file is not usable. */
export function watchPrincipals(path: string): () => ReadonlyMap<string, Principal> {
  const stampOf = (): string => {
    const { mtimeNs, size, ino } = statSync(path, { bigint: true })
    return `${mtimeNs}/${size}/${ino}`
  }
  let stamp = stampOf()
  let held = readPrincipals(path)
  return () => {
    const now = stampOf()
    if (now !== stamp) {
      held = readPrincipals(path)
      stamp = now
    }
    return held
  }
}
