import { Aws } from 'aws-cdk-lib'

/** How everything of one app and stage is called. Resource policies name functions and roles, so their names are fixed. */
export interface Names {
  readonly prefix: string
  readonly stage: string
  /** Of the function and of its role. */
  readonly function: (name: string) => string
  readonly roleArn: (name: string) => string
  readonly logGroup: (name: string) => string
  readonly accessLog: string
  readonly alias: (key: string) => string
  /** What `sallyport accounts` writes to. */
  readonly secret: (account: string) => string
}

export function namesOf(id: string, stage: string): Names {
  const prefix = `${id}-${stage}`
  return {
    prefix,
    stage,
    function: (name) => `${prefix}-${name}`,
    roleArn: (name) => `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${prefix}-${name}`,
    logGroup: (name) => `/aws/lambda/${prefix}-${name}`,
    // API Gateway admits log groups under this prefix without a growing resource policy of CloudWatch Logs.
    accessLog: `/aws/vendedlogs/${prefix}-access`,
    alias: (key) => `alias/${prefix}/${key}`,
    secret: (account) => `${id}/${stage}/accounts/${account}`,
  }
}
