/** What a cipher of node makes of some bytes, one that keeps none of them back for the end: GCM and key wrapping. */
export function through(cipher: { readonly update: (bytes: Uint8Array) => Buffer; readonly final: () => Buffer }, bytes: Uint8Array): Buffer {
  const made = cipher.update(bytes)
  // What it gives is nothing: it throws where the tag is another.
  cipher.final()
  return made
}
