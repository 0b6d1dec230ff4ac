import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { AwsConfig } from '../../../local/aws/config.ts'
import { startAws } from '../../../local/aws/server.ts'
import { canonicalRequest, signature, stringToSign } from '../../../local/aws/sigv4.ts'

export const region = 'eu-central-1'
export const account = '111122223333'
export const token = 'control-token'

export type Entry = { name: string; policies: object[]; boundary?: object }

const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
export const admin: Entry = { name: 'admin', policies: [all] }
export const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`
export const allow = (actions: string[], resource: string | string[] = '*'): object =>
  ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: resource }] })

export const credentialsOf = (name: string) => ({ accessKeyId: `AKID${name.toUpperCase()}`, secretAccessKey: `secret-of-${name}` })

export function writePrincipals(path: string, entries: readonly Entry[]): void {
  writeFileSync(path, JSON.stringify(entries.map(({ name, policies, boundary }) => ({
    ...credentialsOf(name), arn: roleArn(name), policies, ...(boundary && { boundary }),
  }))))
}

export function configIn(dir: string, extra: Partial<AwsConfig> = {}): AwsConfig {
  const config = {
    dir: join(dir, 'state'), port: 0, calls: join(dir, 'calls.jsonl'), principals: join(dir, 'principals.json'), region, account, token,
    requests: join(dir, 'requests.jsonl'), ...extra,
  }
  if (!existsSync(config.principals)) writePrincipals(config.principals, [admin])
  return config
}

export const tempDir = (): string => mkdtempSync(join(tmpdir(), 'sallyport-aws-'))

export function clientsFor(port: number, name = 'admin', maxAttempts = 1) {
  const options = { endpoint: `http://127.0.0.1:${port}`, region, credentials: credentialsOf(name), maxAttempts }
  return { dynamodb: new DynamoDBClient(options), kms: new KMSClient(options), secrets: new SecretsManagerClient(options), sqs: new SQSClient(options) }
}

/** A running stand-in of one test file, in its own folder. */
export async function standIn(entries: readonly Entry[] = [admin], extra: Partial<AwsConfig> = {}) {
  const dir = tempDir()
  const config = configIn(dir, extra)
  writePrincipals(config.principals, entries)
  const aws = await startAws(config)
  const control = (path: string, method: string, body?: unknown, given = token): Promise<Response> =>
    fetch(`http://127.0.0.1:${aws.port}${path}`, {
      method, headers: { 'x-sallyport-token': given }, ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  return {
    dir, config, port: aws.port, control,
    as: (name: string, maxAttempts?: number) => clientsFor(aws.port, name, maxAttempts),
    faults: async (plan: object[]) => {
      const { status } = await control('/_local/faults', 'PUT', plan)
      if (status !== 200) throw new Error(`fault plan refused: ${status}`)
    },
    calls: () => lines(config.calls),
    async close() {
      await aws.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

export const lines = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)

/** The name and message of a rejected promise; 'resolved' when it did not reject. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : 'not an error'
  }
}

export const refusalName = async (promise: Promise<unknown>): Promise<string> => (await refusal(promise)).split(':')[0] ?? ''

type Raw = { target: string; body: string; service: string; name?: string; port: number; at?: Date; change?: (headers: Record<string, string>) => void; sentBody?: string; inRegion?: string }

/** A hand-signed request, so that a test may break it after signing. */
export function rawRequest({ target, body, service, name = 'admin', port, at = new Date(), change, sentBody, inRegion = region }: Raw): Promise<Response> {
  const { accessKeyId, secretAccessKey } = credentialsOf(name)
  const stamp = at.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${stamp.slice(0, 8)}/${inRegion}/${service}/aws4_request`
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0', host: `127.0.0.1:${port}`, 'x-amz-date': stamp, 'x-amz-target': target,
  }
  const signed = Object.keys(headers)
  const canonical = canonicalRequest({
    method: 'POST', rawPath: '/', rawQuery: '', headers, body: Buffer.from(body), now: at, service, region: inRegion,
  }, signed) ?? ''
  const made = signature(stringToSign(canonical, stamp, scope), secretAccessKey, scope)
  headers['authorization'] = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signed.join(';')}, Signature=${made}`
  change?.(headers)
  return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: sentBody ?? body })
}

