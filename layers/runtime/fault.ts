/** Every way a pipeline can end badly, and what follows from it. HTTP status, retry and alarm all read this table. */
export const faults = {
  PAYLOAD_UNREADABLE: { status: 400, retry: false, blame: 'sender', title: 'The payload is not readable as what its media type says' },
  DECRYPTION_FAILED: { status: 400, retry: false, blame: 'sender', title: 'The payload could not be opened' },
  SIGNATURE_INVALID: { status: 400, retry: false, blame: 'sender', title: 'The signature does not hold' },
  TOKEN_INVALID: { status: 403, retry: false, blame: 'sender', title: 'The token is not one that is taken here' },
  HASH_MISMATCH: { status: 403, retry: false, blame: 'sender', title: 'The value is not the one that was hashed' },
  KEY_MISSING: { status: 400, retry: false, blame: 'sender', title: 'This route wants an Idempotency-Key' },
  NOT_FOUND: { status: 404, retry: false, blame: 'sender', title: 'There is nothing at this path' },
  NOT_STORED: { status: 404, retry: false, blame: 'sender', title: 'Nothing is stored under this identifier' },
  METHOD_NOT_ALLOWED: { status: 405, retry: false, blame: 'sender', title: 'This path does not take this method' },
  DUPLICATE: { status: 409, retry: false, blame: 'sender', title: 'This was accepted before' },
  IN_PROGRESS: { status: 409, retry: true, blame: 'sender', title: 'The same is being processed now' },
  IN_DOUBT: { status: 409, retry: false, blame: 'sender', title: 'An earlier attempt for the same identifier ended without a known outcome' },
  STORED_OTHERWISE: { status: 409, retry: false, blame: 'sender', title: 'Something else is stored under this identifier' },
  PAYLOAD_TOO_LARGE: { status: 413, retry: false, blame: 'sender', title: 'The payload is larger than can be taken' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retry: false, blame: 'sender', title: 'This route takes another media type' },
  PAYLOAD_INVALID: { status: 422, retry: false, blame: 'sender', title: 'The payload does not fit its schema' },
  KEY_REUSED: { status: 422, retry: false, blame: 'sender', title: 'The Idempotency-Key was used for another payload' },
  RERUN_MISMATCH: { status: 422, retry: false, blame: 'sender', title: 'The payload is not the one that failed' },
  REJECTED: { status: 422, retry: false, blame: 'sender', title: 'The pipeline rejected the message' },
  STEP_FAILED: { status: 500, retry: true, blame: 'us', title: 'A step failed' },
  STORED_UNREADABLE: { status: 500, retry: false, blame: 'us', title: 'What is stored cannot be opened, or does not fit its schema' },
  PARTNER_REFUSED: { status: 502, retry: false, blame: 'partner', title: 'The partner refused the request' },
  PARTNER_FAILED: { status: 502, retry: true, blame: 'partner', title: 'The partner failed' },
  REPLY_INVALID: { status: 502, retry: false, blame: 'partner', title: 'The partner replied something that does not fit' },
  PARTNER_UNREACHABLE: { status: 503, retry: true, blame: 'partner', title: 'The partner cannot be reached; nothing was sent' },
  ACCOUNT_UNAVAILABLE: { status: 503, retry: true, blame: 'us', title: 'A stored credential is missing, denied or malformed' },
  UNAVAILABLE: { status: 503, retry: true, blame: 'us', title: 'A service we depend on is throttled or down' },
  UNCONFIRMED: { status: 503, retry: true, blame: 'us', title: 'The outcome could not be recorded; send the same again' },
  PARTNER_SILENT: { status: 504, retry: true, blame: 'partner', title: 'The partner gave no reply; whether it acted is not known' },
  OUT_OF_TIME: { status: 504, retry: true, blame: 'us', title: 'The time for this message ran out' },
} as const

/** A code of the table. */
export type FaultCode = keyof typeof faults

/** Carries a code and paths, never a value: there is nowhere to put the payload. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode
  readonly paths: readonly string[]
  /** Seconds after which sending again makes sense. */
  readonly retryAfter: number | undefined
  /** Why a pipeline rejected the message, shown to its sender: a constant of the definition, never a value. */
  readonly reason: string | undefined
  /** Throws a TypeError for a reason that is not upper-case words joined by underscores, and for one that is not of REJECTED. */
  constructor(code: FaultCode, paths: readonly string[] = [], retryAfter?: number, reason?: string) {
    if (reason !== undefined && (code !== 'REJECTED' || reason.length > 40 || !/^[A-Z]+(_[A-Z]+)*$/.test(reason))) {
      throw new TypeError('a reason is of REJECTED alone: upper-case words joined by underscores, at most 40 characters')
    }
    super(code)
    this.code = code
    this.paths = paths
    this.retryAfter = retryAfter
    this.reason = reason
  }
}

/** A Fault by its looks: bundle and layer may each hold a copy of the class, so `instanceof` would lie. */
export const isFault = (error: unknown): error is Fault =>
  error instanceof Error && error.name === 'Fault' && 'code' in error && Object.hasOwn(faults, error.code as string)

/** The error as a fault. Of a foreign error nothing is kept: its message may quote what it was given. */
export const asFault = (error: unknown): Fault => isFault(error) ? error : new Fault('STEP_FAILED')
