import { randomUUID } from 'node:crypto'
import { saveBucket, theBucket, type Bucket, type Rule } from './bucket.ts'
import { failure, notImplemented } from './failure.ts'
import { askFor, type S3Operation, type S3Operations } from './operation.ts'
import { childOf, document, element, readXml, type Element } from './xml.ts'

const malformed = () => failure('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')

function refuseOthers({ name, children }: Element, known: readonly string[]): void {
  const other = children.find((child) => !known.includes(child.name))
  if (other) throw notImplemented(`The lifecycle element ${name}/${other.name.slice(0, 40)}`)
}

/** The number of days in `Days` or its like; undefined where the element is not there. */
function daysIn(parent: Element | undefined, name: string): number | undefined {
  if (parent === undefined) return undefined
  refuseOthers(parent, [name])
  const text = childOf(parent, name)?.text ?? ''
  if (!/^[1-9]\d{0,8}$/.test(text)) throw failure('InvalidArgument', `'${name}' for ${parent.name} action must be a positive integer`)
  return Number(text)
}

function readRule(rule: Element): Rule {
  refuseOthers(rule, ['ID', 'Status', 'Filter', 'Prefix', 'Expiration', 'AbortIncompleteMultipartUpload'])
  const [filter, outer, status] = [childOf(rule, 'Filter'), childOf(rule, 'Prefix'), childOf(rule, 'Status')?.text]
  if (filter) refuseOthers(filter, ['Prefix'])
  if ((filter === undefined) === (outer === undefined) || (status !== 'Enabled' && status !== 'Disabled')) throw malformed()
  const days = daysIn(childOf(rule, 'Expiration'), 'Days')
  const abortDays = daysIn(childOf(rule, 'AbortIncompleteMultipartUpload'), 'DaysAfterInitiation')
  if (days === undefined && abortDays === undefined) throw failure('InvalidRequest', 'At least one action needs to be specified in a rule')
  const id = childOf(rule, 'ID')?.text ?? randomUUID()
  if (id.length > 255) throw failure('InvalidArgument', 'ID length should not exceed allowed limit of 255')
  const prefix = outer?.text ?? (filter && childOf(filter, 'Prefix')?.text) ?? ''
  return { id, enabled: status === 'Enabled', prefix, ...days !== undefined && { days }, ...abortDays !== undefined && { abortDays } }
}

function readRules(content: Buffer): readonly Rule[] {
  const root = readXml(content.toString())
  if (root?.name !== 'LifecycleConfiguration' || root.children.length === 0 || root.children.length > 1000 || root.children.some(({ name }) => name !== 'Rule'))
    throw malformed()
  const rules = root.children.map(readRule)
  if (new Set(rules.map(({ id }) => id)).size < rules.length)
    throw failure('InvalidArgument', 'Rule ID must be unique. Found same ID for one or more rules')
  return rules
}

const writeRule = ({ id, enabled, prefix, days, abortDays }: Rule): string => element('Rule', [
  element('ID', id),
  element('Filter', [element('Prefix', prefix)]),
  element('Status', enabled ? 'Enabled' : 'Disabled'),
  ...days === undefined ? [] : [element('Expiration', [element('Days', days)])],
  ...abortDays === undefined ? [] : [element('AbortIncompleteMultipartUpload', [element('DaysAfterInitiation', abortDays)])],
])

const daySeconds = 86_400

/** When an object expires (epoch seconds) and by which rule: the next midnight UTC after its days. */
export function expiryOf(key: string, modified: number, { rules }: Bucket): { readonly at: number; readonly rule: string } | undefined {
  const due = rules
    .filter(({ enabled, prefix, days }) => enabled && days !== undefined && key.startsWith(prefix))
    .map(({ id, days = 0 }) => ({ at: Math.ceil(modified / daySeconds + days) * daySeconds, rule: id }))
  return due.sort((a, b) => a.at - b.at)[0]
}

const putLifecycle: S3Operation = {
  queries: ['lifecycle'],
  asks: (input, world) => [askFor('PutLifecycleConfiguration', input, world)],
  run: ({ bucket, content, headers, checksum }, world) => world.store.write(() => {
    const before = theBucket(bucket, world)
    if (headers['content-md5'] === undefined && checksum === undefined)
      throw failure('InvalidRequest', 'Missing required header for this request: Content-MD5')
    saveBucket({ ...before, rules: readRules(content) }, world)
    return { status: 200 }
  }),
}

const getLifecycle: S3Operation = {
  queries: ['lifecycle'],
  asks: (input, world) => [askFor('GetLifecycleConfiguration', input, world)],
  run({ bucket }, world) {
    const { rules } = theBucket(bucket, world)
    if (rules.length === 0) throw failure('NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist')
    return { status: 200, content: document('LifecycleConfiguration', rules.map(writeRule)) }
  },
}

export const lifecycleOperations: S3Operations = { PutBucketLifecycleConfiguration: putLifecycle, GetBucketLifecycleConfiguration: getLifecycle }
