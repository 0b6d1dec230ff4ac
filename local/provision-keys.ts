import {
  CreateAliasCommand, CreateKeyCommand, DescribeKeyCommand, EnableKeyRotationCommand, PutKeyPolicyCommand,
  type KeyMetadata, type KeySpec, type KeyUsageType, type KMSClient,
} from '@aws-sdk/client-kms'
import { isNamed } from './clients.ts'
import { keysOf, type WantedKey } from './template/state.ts'
import type { Template } from './template/template.ts'

async function existing(kms: KMSClient, { alias, spec }: WantedKey): Promise<KeyMetadata | undefined> {
  try {
    const { KeyMetadata: found } = await kms.send(new DescribeKeyCommand({ KeyId: alias }))
    if (found?.KeySpec !== spec) throw new Error(`${alias} is a key of another kind at the endpoint (${found?.KeySpec ?? 'unknown'}, wanted: ${spec}); npm run reset starts anew`)
    return found
  } catch (error) {
    if (isNamed(error, 'NotFoundException')) return undefined
    throw error
  }
}

/** Creates the template's KMS keys, or finds them by their aliases; their policies are put at every start. */
export async function provisionKeys(template: Template, kms: KMSClient): Promise<void> {
  for (const wanted of keysOf(template)) {
    const { alias, spec, usage, description, rotates, policy, found } = wanted
    const before = await existing(kms, wanted)
    const Policy = JSON.stringify(policy())
    const key = before ?? (await kms.send(new CreateKeyCommand({ KeySpec: spec as KeySpec, KeyUsage: usage as KeyUsageType, Description: description, Policy }))).KeyMetadata
    if (key?.KeyId === undefined || key.Arn === undefined) throw new Error(`KMS gave no key for ${alias}`)
    if (before) await kms.send(new PutKeyPolicyCommand({ KeyId: key.KeyId, Policy }))
    else await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key.KeyId }))
    if (rotates) await kms.send(new EnableKeyRotationCommand({ KeyId: key.KeyId }))
    template.created(found, { ref: key.KeyId, atts: { Arn: key.Arn, KeyId: key.KeyId } })
  }
}
