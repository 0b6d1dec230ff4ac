import { unarmored } from './armor.ts'
import { refuse, whole } from './bytes.ts'

/** Of a text, 4 MiB sealed in base64 with line ends. */
const longest = 6 * 1_048_576

/** The bytes of a text in armor of one kind, or of the one spelling of them in base64. */
export async function bytesOf(text: string, kind: string): Promise<Buffer> {
  if (text.length > longest) refuse()
  // In UTF-8: in Latin-1 a character would be the one of base64 that has its lower byte.
  if (text.trimStart().startsWith('-----BEGIN')) return whole(unarmored([Buffer.from(text)], kind), longest)
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : refuse()
}
