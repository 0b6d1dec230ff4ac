import { KMSClient } from '@aws-sdk/client-kms'
import type { Endpoint } from './clients.ts'

/** The endpoint of the user's own that AWS_ENDPOINT_URL names, with the credentials that the AWS SDK finds; or undefined. */
export async function ownEndpoint(env: NodeJS.ProcessEnv): Promise<Endpoint | undefined> {
  const url = env['AWS_ENDPOINT_URL']
  if (url === undefined || url === '') return undefined
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  const client = new KMSClient({ endpoint: url, region })
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials()
    return { url, region, credentials: { accessKeyId, secretAccessKey, ...sessionToken !== undefined && { sessionToken } } }
  } catch {
    throw new Error('AWS_ENDPOINT_URL is set, but the AWS SDK finds no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  } finally {
    client.destroy()
  }
}
