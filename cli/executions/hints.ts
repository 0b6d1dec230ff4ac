import type { FaultCode } from 'sallyport'

/** What to do after a fault, in one sentence each. What stands behind `runbook:` is a heading of docs/runbook.md. */
export const hints: Readonly<Record<FaultCode, string>> = {
  PAYLOAD_UNREADABLE: 'the sender mends its payload: it is not what its content-type says',
  DECRYPTION_FAILED: 'the sender reads /.well-known/jwks.json again, and seals with the newest key there',
  SIGNATURE_INVALID: 'the sender signs what it sends, with the key that we know of it',
  TOKEN_INVALID: 'the sender gets a new token, from the issuer and for the audience that the definition names',
  HASH_MISMATCH: 'nothing, if the value is wrong: the sender tries another',
  KEY_MISSING: 'the sender gives each message an Idempotency-Key of its own, and the same when it sends it again',
  NOT_FOUND: 'compare the path with the routes: npx sallyport manifest',
  NOT_STORED: 'the sender checks the identifier, and that what stores it went well before',
  METHOD_NOT_ALLOWED: 'the sender uses a method that the reply named in Allow',
  DUPLICATE: 'nothing: the same was accepted before, and was not sent again',
  IN_PROGRESS: 'wait for the execution that has it: the sender may repeat after Retry-After',
  IN_DOUBT: 'ask the partner whether it acted, before anybody sends again (runbook: In doubt)',
  STORED_OTHERWISE: 'the sender checks the identifier: what is stored under it is kept, and is something else',
  STORED_UNREADABLE: 'what is stored under the identifier does not open: a key was disabled, or the item was changed by hand (runbook: Faults of ours)',
  PAYLOAD_TOO_LARGE: 'the sender sends at most 4 MB at once',
  UNSUPPORTED_MEDIA_TYPE: 'the sender sends the content-type that this route takes: npx sallyport manifest',
  PAYLOAD_INVALID: 'the sender mends what the paths name: they are in its reply, too',
  KEY_REUSED: 'the sender gives another message another Idempotency-Key; the same key goes with the same payload alone',
  RERUN_MISMATCH: 'give the payload that failed, byte for byte what its members hold: another one is another message',
  REJECTED: 'nothing, if the rule of the pipeline is right: the sender has its reason in the reply',
  STEP_FAILED: 'look where it was thrown: a step or a definition is at fault (runbook: Faults of ours)',
  PARTNER_REFUSED: 'if it refuses everything, its credential has ended: npx sallyport accounts put (runbook: Partner faults)',
  PARTNER_FAILED: 'ask the partner; the sender may repeat the same message (runbook: Partner faults)',
  REPLY_INVALID: 'compare the partner’s documentation with the reply schema of the step (runbook: Partner faults)',
  PARTNER_UNREACHABLE: 'wait, nothing was sent: the sender repeats (runbook: Partner faults)',
  ACCOUNT_UNAVAILABLE: 'see which credential is missing: npx sallyport accounts list (runbook: Faults of ours)',
  UNAVAILABLE: 'wait for the AWS service, or for the ledger to take more: the sender repeats (runbook: Ledger throttled)',
  UNCONFIRMED: 'the sender repeats the same: it most likely succeeded, do not say that it failed (runbook: Unconfirmed)',
  PARTNER_SILENT: 'the partner may have acted: tell it the time, and let the sender repeat the same message (runbook: Partner faults)',
  OUT_OF_TIME: 'see which step took the time; a partner may be slow (runbook: Faults of ours)',
}

/** Of a function that ended without a line that says how. */
export const unended = 'no line says how it ended: it still runs, its function was ended without a reply (runbook: Crashes), or the line is older or newer than what was looked through'
