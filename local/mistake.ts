/** A mistake in a definition, told in one sentence with its file. */
export class Mistake extends Error {}
