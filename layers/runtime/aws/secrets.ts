import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { limits } from './limits.ts'

let shared: ReturnType<typeof make> | undefined
export const connect = () => shared ??= make()

function make() {
  const client = new SecretsManagerClient(limits)
  return { get: (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId })) }
}
