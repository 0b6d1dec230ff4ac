/**
 * What an AWS service answers instead of a result: the exception's name, a sentence, an HTTP status and, for the few
 * exceptions that carry members (`Item`, `CancellationReasons`), those. No message holds a value of an item or a secret.
 */
export class Failure extends Error {
  readonly code: string
  readonly status: number
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, members: Readonly<Record<string, unknown>> = {}, status = 400) {
    super(message)
    this.name = 'Failure'
    this.code = code
    this.status = status
    this.members = members
  }
}

/** The exception all three services share for a request that cannot be right. */
export const invalid = (message: string): Failure => new Failure('ValidationException', message)
