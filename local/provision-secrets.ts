import {
  CreateSecretCommand, DescribeSecretCommand, PutResourcePolicyCommand, PutSecretValueCommand, type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { isNamed } from './clients.ts'
import { secretsOf } from './template/state.ts'
import type { Template } from './template/template.ts'

interface Described {
  readonly arn: string
  readonly filled: boolean
}

async function described(secrets: SecretsManagerClient, name: string): Promise<Described | undefined> {
  try {
    const { ARN, VersionIdsToStages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId: name }))
    return ARN === undefined ? undefined : { arn: ARN, filled: Object.values(VersionIdsToStages).some((stages) => stages.includes('AWSCURRENT')) }
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

/** Creates the template's secrets, empty, with their resource policies; tells which already hold a value, by name. */
export async function provisionSecrets(template: Template, secrets: SecretsManagerClient): Promise<ReadonlyMap<string, boolean>> {
  const filled = new Map<string, boolean>()
  for (const { found, name, description, key, policy } of secretsOf(template)) {
    const before = await described(secrets, name)
    const arn = before?.arn ?? (await secrets.send(new CreateSecretCommand({ Name: name, Description: description, ...key !== undefined && { KmsKeyId: key } }))).ARN
    if (arn === undefined) throw new Error(`Secrets Manager gave no secret for ${name}`)
    template.created(found, { ref: arn, atts: { Id: arn } })
    const document = policy()
    if (document) await secrets.send(new PutResourcePolicyCommand({ SecretId: arn, ResourcePolicy: JSON.stringify(document), BlockPublicPolicy: true }))
    filled.set(name, before?.filled === true)
  }
  return filled
}

/** Puts a value. Nothing reads it back: the secret's policy lets only the pipelines do that. */
export const putSecret = async (secrets: SecretsManagerClient, name: string, value: object): Promise<void> => {
  await secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: JSON.stringify(value) }))
}
