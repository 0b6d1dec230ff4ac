import { isMembers } from './members.ts'

/** What the stand-ins are started with. */
export type AwsConfig = {
  /** The state folder: the database and the master key. */
  readonly dir: string
  /** 0: a free one. */
  readonly port: number
  /** The file that gets one line for each request. */
  readonly calls: string
  /** For tests only: a file that gets the bodies too. */
  readonly requests?: string
  /** The file of principals. */
  readonly principals: string
  readonly region: string
  readonly account: string
  /** What the control routes ask for in `x-sallyport-token`. */
  readonly token: string
  /** Deletes expired items now and then. Off: DynamoDB may take days, so code must not rely on it. */
  readonly sweepTtl?: boolean
}

/** Reads the JSON of `SALLYPORT_AWS`. Throws a sentence that names what is missing. */
export function readConfig(json: string | undefined): AwsConfig {
  if (json === undefined) throw new Error('SALLYPORT_AWS is not set: it holds the configuration as JSON')
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    // V8's own message quotes the text, which holds the token.
  }
  if (!isMembers(parsed)) throw new Error('SALLYPORT_AWS is not a JSON object')
  const given = parsed
  const textOf = (name: string): string => {
    const value = given[name]
    if (typeof value !== 'string' || value === '') throw new Error(`SALLYPORT_AWS.${name} must be a string`)
    return value
  }
  const { port, sweepTtl } = given
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('SALLYPORT_AWS.port must be a port number, or 0')
  return {
    dir: textOf('dir'),
    calls: textOf('calls'),
    principals: textOf('principals'),
    region: textOf('region'),
    account: textOf('account'),
    token: textOf('token'),
    port,
    ...(given['requests'] !== undefined && { requests: textOf('requests') }),
    sweepTtl: sweepTtl === true,
  }
}
