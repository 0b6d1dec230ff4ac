/** What a function of ours refuses, in a sentence of ours that quotes nothing. */
export class Refusal extends TypeError {}

/** A refusal as it is answered: whoever asked is told, and no alarm goes off as for a function that crashed. */
export interface Refused {
  readonly refused: string
}
