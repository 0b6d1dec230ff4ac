import type { Found, Template } from './template.ts'

/** A lifecycle rule as the template wants it. */
export interface WantedRule {
  readonly id: string | undefined
  readonly enabled: boolean
  readonly prefix: string
  /** Days until an object expires. */
  readonly days: number | undefined
  /** Days until the parts of an upload that was not completed are removed. */
  readonly abortDays: number | undefined
}

export interface WantedBucket {
  readonly name: string
  readonly rules: readonly WantedRule[]
  /** `key`: ARN or id of a KMS key. */
  readonly encryption: { readonly algorithm: string; readonly key: string | undefined; readonly bucketKey: boolean } | undefined
  /** Resolved when it is asked for. */
  readonly policy: () => object | undefined
}

type Members = Readonly<Record<string, unknown>>

function refuseOthers(where: string, given: Members, known: readonly string[]): void {
  for (const member of Object.keys(given)) if (!known.includes(member)) throw new Error(`${where}: the local run does not know ${member}`)
}

function ruleOf(where: string, rule: Members): WantedRule {
  refuseOthers(`${where}, lifecycle`, rule, ['Id', 'Status', 'Prefix', 'ExpirationInDays', 'AbortIncompleteMultipartUpload'])
  const { Id, Status, Prefix = '', ExpirationInDays, AbortIncompleteMultipartUpload: abort } = rule
  const days = (value: unknown): number | undefined => value === undefined ? undefined : Number(value)
  return {
    id: Id as string | undefined,
    enabled: Status === 'Enabled',
    prefix: Prefix as string,
    days: days(ExpirationInDays),
    abortDays: days((abort as Members | undefined)?.['DaysAfterInitiation']),
  }
}

function encryptionOf(where: string, given: unknown): WantedBucket['encryption'] {
  if (given === undefined) return undefined
  const [rule, ...others] = (given as { ServerSideEncryptionConfiguration: { ServerSideEncryptionByDefault?: Members; BucketKeyEnabled?: unknown }[] }).ServerSideEncryptionConfiguration
  const settings = rule?.ServerSideEncryptionByDefault
  if (rule === undefined || settings === undefined || others.length > 0) throw new Error(`${where}: the local run wants one rule of encryption`)
  const key = settings['KMSMasterKeyID'] as string | undefined
  return { algorithm: String(settings['SSEAlgorithm']), key, bucketKey: rule.BucketKeyEnabled === true }
}

/** Refuses what would make a bucket weaker than a new one is in AWS. */
function refuseWeaker(where: string, { PublicAccessBlockConfiguration: block = {}, OwnershipControls: ownership }: Members): void {
  for (const [setting, value] of Object.entries(block as Members)) if (value !== true) throw new Error(`${where}: the local run wants ${setting}`)
  const rules = (ownership as { Rules: { ObjectOwnership: string }[] } | undefined)?.Rules ?? []
  if (rules.some(({ ObjectOwnership }) => ObjectOwnership !== 'BucketOwnerEnforced')) throw new Error(`${where}: the local run knows BucketOwnerEnforced alone`)
}

/** The template's buckets, each with its policy. */
export function bucketsOf(template: Template): WantedBucket[] {
  const policies = template.ofType('AWS::S3::BucketPolicy')
  return template.ofType('AWS::S3::Bucket').map((found: Found) => {
    const where = `bucket ${found.id}`
    const wanted = template.properties(found)
    refuseOthers(where, wanted, ['BucketName', 'BucketEncryption', 'LifecycleConfiguration', 'OwnershipControls', 'PublicAccessBlockConfiguration', 'Tags'])
    refuseWeaker(where, wanted)
    const name = template.ref(found)
    const lifecycle = (wanted['LifecycleConfiguration'] ?? { Rules: [] }) as { readonly Rules: readonly Members[] }
    const own = policies.filter((policy) => template.ref(policy) === name)
    if (own.length > 1) throw new Error(`${where} has more than one policy, and S3 keeps one`)
    return {
      name,
      rules: lifecycle.Rules.map((rule) => ruleOf(where, rule)),
      encryption: encryptionOf(where, wanted['BucketEncryption']),
      policy: () => own[0] && template.property(own[0], 'PolicyDocument') as object,
    }
  })
}
