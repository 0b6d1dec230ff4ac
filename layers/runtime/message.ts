/** What a trigger knows of a message besides its payload. */
export interface Message {
  /** JSON of consumer, route and message id: says that two deliveries are the same message. Without a message id there is none. */
  readonly origin?: string | undefined
  /** Delivered again after it was accepted, it is acknowledged instead of refused: nobody waits for a reply. */
  readonly acknowledges?: true
  /** Read again from a source, which may say more by now than the sender did: it is still the message of that name. */
  readonly reread?: true
}
