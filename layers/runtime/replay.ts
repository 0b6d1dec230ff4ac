/** Thrown instead of a fault where a message was accepted before and its reply is known: the run ends at once, with that reply. */
export class Replay extends Error {
  override readonly name = 'Replay'
  readonly reply: unknown
  constructor(reply: unknown) {
    super('a reply that was given before')
    this.reply = reply
  }
}

/** By its looks: bundle and layer may each hold a copy of the class. */
export const isReplay = (error: unknown): error is Replay => error instanceof Error && error.name === 'Replay' && 'reply' in error
