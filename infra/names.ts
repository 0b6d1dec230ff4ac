import { Aws, type Stack } from 'aws-cdk-lib'
import type { Queue } from 'sallyport'

/** How everything of one app and stage is called. Resource policies name functions and roles, so their names are fixed. */
export interface Names {
  readonly id: string
  readonly prefix: string
  readonly stage: string
  /** Of the function and of its role. */
  readonly function: (name: string) => string
  readonly functionArn: (name: string) => string
  readonly roleArn: (name: string) => string
  readonly logGroup: (name: string) => string
  readonly accessLog: string
  /** The state machine that reruns failures. */
  readonly reruns: string
  readonly rerunsLog: string
  readonly alias: (key: string) => string
  /** The table of a store: beside the ledger and the keys, which have no `store-` before their names. */
  readonly storeTable: (store: string) => string
  readonly queue: (queue: Queue) => string
  readonly queueArn: (queue: Queue) => string
  /** Of the rule that puts events into the queue of a pipeline. */
  readonly ruleArn: (name: string) => string
  /** The bucket of a store. Buckets of all accounts in all Regions share one space of names. */
  readonly bucket: (store: string, account?: string, region?: string) => string
  /** What `sallyport accounts` writes to. */
  readonly secret: (account: string) => string
}

export function namesOf(id: string, stage: string): Names {
  const prefix = `${id}-${stage}`
  return {
    id,
    prefix,
    stage,
    function: (name) => `${prefix}-${name}`,
    functionArn: (name) => `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${prefix}-${name}`,
    roleArn: (name) => `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/${prefix}-${name}`,
    logGroup: (name) => `/aws/lambda/${prefix}-${name}`,
    // API Gateway admits log groups under this prefix without a growing resource policy of CloudWatch Logs.
    accessLog: `/aws/vendedlogs/${prefix}-access`,
    reruns: `${prefix}-reruns`,
    rerunsLog: `/aws/vendedlogs/states/${prefix}-reruns`,
    alias: (key) => `alias/${prefix}/${key}`,
    storeTable: (store) => `${prefix}-store-${store}`,
    queue: ({ name, fifo }) => `${prefix}-${name}${fifo ? '.fifo' : ''}`,
    queueArn: ({ name, fifo }) => `arn:${Aws.PARTITION}:sqs:${Aws.REGION}:${Aws.ACCOUNT_ID}:${prefix}-${name}${fifo ? '.fifo' : ''}`,
    ruleArn: (name) => `arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:rule/${prefix}-${name}`,
    bucket: (store, account = Aws.ACCOUNT_ID, region = Aws.REGION) => `${prefix.toLowerCase()}-${store}-${account}-${region}`,
    secret: (account) => `${id}/${stage}/accounts/${account}`,
  }
}

/** Says in a template whose it is: what the local run and `sallyport accounts` look for among the stacks of an app. */
export function mark(stack: Stack, { id, stage }: Names): void {
  stack.templateOptions.metadata = { ...stack.templateOptions.metadata, sallyport: { id, stage } }
}
