import type { Io } from 'sallyport'

/** Throws a TypeError for a context of nothing. */
export function knownContext(called: string, context: string | undefined): void {
  if (context?.trim() === '') throw new TypeError(`${called}: say in \`context\` what the sealed text is for, or leave it out`)
}

/**
 * What a text is sealed for: the context, or else the pipeline; `file` for the key of a file; the path of the field. It is
 * authenticated beside the text. As JSON, since two texts run together could be a third.
 */
export const bound = (context: string | undefined, io: Io, { field = null }: { readonly field?: string | null | undefined } = {}, what: 'file' | null = null): string =>
  JSON.stringify(['sallyport', context ?? io.pipeline, what, field])
