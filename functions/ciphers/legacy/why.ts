/** Why something old is used: it stands in the manifest. Throws a TypeError where there is no sentence. */
export function sentence(cipher: string, why: string): string {
  if (typeof why !== 'string' || why.trim().length < 10) throw new TypeError(`${cipher}, why: say in a sentence why nothing newer can be used here`)
  return why
}
