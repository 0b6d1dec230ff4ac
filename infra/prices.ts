/** US dollars in us-east-1, on demand, list prices of November 2026 without free tiers and discounts. The page of each is named: look there before you rely on it. */
export const prices = {
  /** https://aws.amazon.com/kms/pricing/ : each key and month; each of the first two yearly rotations adds as much. */
  kmsKeyMonth: 1,
  /** The same page: 10,000 requests to a symmetric or an HMAC key, and to an asymmetric one that is not RSA-2048. */
  kmsRequest: 0.03 / 10_000,
  kmsAsymmetricRequest: 0.15 / 10_000,
  /** https://aws.amazon.com/secrets-manager/pricing/ */
  secretMonth: 0.4,
  /** https://aws.amazon.com/cloudwatch/pricing/ : a standard alarm, a dashboard after the third, a metric in a month with data. */
  alarmMonth: 0.1,
  dashboardMonth: 3,
  metricMonth: 0.3,
  /** The same page: a GB taken in, looked through for data protection, and kept for a month (compressed to about a sixth). */
  logIngestGb: 0.5,
  logProtectionGb: 0.12,
  logStorageGbMonth: 0.03,
  /** https://aws.amazon.com/api-gateway/pricing/ : an HTTP API request of up to 512 KB. */
  apiRequest: 1 / 1e6,
  /** https://aws.amazon.com/sqs/pricing/ : a request of up to 64 KB, to a standard and to a fifo queue. */
  sqsRequest: 0.4 / 1e6,
  sqsFifoRequest: 0.5 / 1e6,
  /** https://aws.amazon.com/lambda/pricing/ : a request, and a GB-second on arm64 and on x86_64. */
  lambdaRequest: 0.2 / 1e6,
  lambdaGbSecond: { arm64: 0.000_013_333_4, x86_64: 0.000_016_666_7 },
  /** https://aws.amazon.com/dynamodb/pricing/on-demand/ : a write of up to 1 KB, a consistent read of up to 4 KB, a GB kept for a month and recoverable. */
  dynamodbWrite: 0.625 / 1e6,
  dynamodbRead: 0.125 / 1e6,
  dynamodbGbMonth: 0.25 + 0.2,
  /** https://aws.amazon.com/s3/pricing/ : a request that puts, one that gets, a GB kept for a month. */
  s3Write: 5 / 1e6,
  s3Read: 0.4 / 1e6,
  s3GbMonth: 0.023,
  /** https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer : a GB to the internet, replies and partners alike. */
  transferGb: 0.09,
} as const

/** What no template says. Each can be given on the command line. */
export interface Assumptions {
  /** Milliseconds of an execution, the partner's time included. */
  readonly ms: number
  /** Bytes of log lines a message: ours, Lambda's own, the API's access log. */
  readonly logBytes: number
  /** Bytes sent to the internet a message: to the partner, and the reply. */
  readonly sentBytes: number
}

export const assumed: Assumptions = { ms: 100, logBytes: 2_500, sentBytes: 3_000 }
