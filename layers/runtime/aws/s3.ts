import {
  GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client,
  type GetObjectCommandInput, type HeadObjectCommandInput, type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import type { Environment } from '../environment.ts'

/** At an endpoint of the user's own a bucket stands in the path: `bucket.localhost` is a host that few machines know. */
class InPath extends S3Client {
  constructor(settings: object) {
    super({ ...settings, forcePathStyle: true })
  }
}

export function connect(environment: Environment) {
  const { AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_S3: own = url } = environment.variables
  const client: S3Client = environment.client(own === undefined ? S3Client : InPath)
  return {
    put: (input: PutObjectCommandInput) => client.send(new PutObjectCommand(input)),
    head: (input: HeadObjectCommandInput) => client.send(new HeadObjectCommand(input)),
    get: (input: GetObjectCommandInput) => client.send(new GetObjectCommand(input)),
  }
}
