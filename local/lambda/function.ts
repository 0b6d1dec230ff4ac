/** A Lambda function of the template, with every value known. */
export interface LambdaFunction {
  readonly name: string
  /** `index.handler`, below {@link code}. */
  readonly handler: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  /** The folder that is /var/task. */
  readonly code: string
  /** The folders that are /opt. */
  readonly layers: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** As the template's LoggingConfig says: in `JSON`, Lambda wraps what `console` writes. */
  readonly logFormat: 'JSON' | 'Text'
  readonly logGroup: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
}

/** A function to be looked at with a debugger, at a port of loopback. */
export interface Inspect {
  readonly function: string
  readonly port: number
}

/** A failed invocation, in Lambda's own words: what a handler threw is in the log alone. */
export interface Failed {
  readonly ok: false
  readonly reason: 'handler' | 'timeout' | 'exit' | 'init' | 'request-size' | 'response-size' | 'stopped'
  readonly message: string
}

/** What came of one invocation. */
export type Outcome = { readonly ok: true; readonly payload: string } | Failed

/** 6 MB and 100 bytes: of the event, and of the reply (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
export const payloadLimit = 6_291_556
