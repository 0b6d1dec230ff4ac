import { join } from 'node:path'
import type { LambdaFunction } from './function.ts'

export interface Surroundings {
  readonly region: string
  /** Where the AWS clients of the function go. */
  readonly endpoint: string
  /** Where `Invoke` of other functions goes. */
  readonly invoke?: string
  /** Only for an endpoint of the user's own: `NODE_EXTRA_CA_CERTS`. */
  readonly extra?: Readonly<Record<string, string>>
}

/** What Lambda gives a function, and nothing of this process' own environment. */
export function environment(fn: LambdaFunction, surroundings: Surroundings, runtimeApi: string): Record<string, string> {
  const { accessKeyId, secretAccessKey, sessionToken } = fn.credentials
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    // Nobody's home: the SDK shall not read the developer's ~/.aws.
    HOME: '/nonexistent',
    LAMBDA_TASK_ROOT: fn.code,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    NODE_PATH: fn.layers.map((layer) => join(layer, 'nodejs/node_modules')).join(':'),
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_REGION: surroundings.region,
    AWS_DEFAULT_REGION: surroundings.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken },
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: surroundings.endpoint,
    ...surroundings.invoke !== undefined && { AWS_ENDPOINT_URL_LAMBDA: surroundings.invoke },
    AWS_LAMBDA_FUNCTION_NAME: fn.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: fn.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    ...fn.logFormat === 'JSON' ? { AWS_LAMBDA_LOG_FORMAT: 'JSON' } : {},
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    _HANDLER: fn.handler,
    ...surroundings.extra,
    ...fn.environment,
  }
}
