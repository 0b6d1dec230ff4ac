import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Environment } from '../environment.ts'

export function connect(environment: Environment) {
  const client = environment.client(SecretsManagerClient)
  return { get: (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId })) }
}
