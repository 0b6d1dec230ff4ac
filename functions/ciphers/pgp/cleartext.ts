import { refuse } from './bytes.ts'

const begin = '-----BEGIN PGP SIGNED MESSAGE-----'
const signature = '-----BEGIN PGP SIGNATURE-----'

export const isCleartext = (text: string): boolean => text.startsWith(begin)

/**
 * A readable text with its signature below (RFC 9580 section 7): what was signed, with line feeds and without blanks at the
 * ends of lines, and the armor of the signature. Only a header `Hash` is known; a line that begins with a dash and is not
 * escaped is refused, and so is anything before or behind.
 */
export function cleartext(text: string): { readonly text: Buffer; readonly armored: string } {
  const lines = text.split('\n').map((line) => line.endsWith('\r') ? line.slice(0, -1) : line)
  const blank = lines.indexOf('')
  const end = lines.indexOf(signature)
  if (lines[0]?.trimEnd() !== begin || blank < 0 || end <= blank) refuse()
  if (!lines.slice(1, blank).every((line) => /^Hash: [A-Za-z0-9, -]{1,200}$/.test(line))) refuse()
  const signed = lines.slice(blank + 1, end).map((line) => {
    if (line.startsWith('- ')) return line.slice(2)
    return line.startsWith('-') ? refuse() : line
  })
  return { text: Buffer.from(signed.map(unblanked).join('\n')), armored: lines.slice(end).join('\n') }
}

/** Without blanks at its end. A regular expression would look for that end from each of them. */
function unblanked(line: string): string {
  let end = line.length
  while (line[end - 1] === ' ' || line[end - 1] === '\t') end--
  return line.slice(0, end)
}
