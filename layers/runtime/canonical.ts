/**
 * JSON in the one form of RFC 8785 (JCS): members sorted by UTF-16 code units, numbers and strings as ECMAScript writes
 * them, no white space. What JSON cannot hold (undefined members, functions) is left out, as `JSON.stringify` does.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('canonical: not a JSON number')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const members = value as Readonly<Record<string, unknown>>
  // A date, as JSON.stringify shows it: it has no members, and would be {} like every other.
  if (typeof members['toJSON'] === 'function') return canonical((value as { toJSON: () => unknown }).toJSON())
  let text = ''
  // The default order of sort() is that of UTF-16 code units, as RFC 8785 section 3.2.3 wants.
  for (const name of Object.keys(members).sort()) {
    const member = members[name]
    if (member === undefined || typeof member === 'function') continue
    text += `${text === '' ? '' : ','}${quoted(name)}:${typeof member === 'string' ? quoted(member) : canonical(member)}`
  }
  return `{${text}}`
}

/** Printable ASCII without quote and backslash is its own escaped form. */
const plain = /^[ !#-[\]-~]*$/
const quoted = (text: string): string => plain.test(text) ? `"${text}"` : JSON.stringify(text)
