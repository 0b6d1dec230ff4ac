/**
 * JSON in the one form of RFC 8785 (JCS): members sorted by UTF-16 code units, numbers and strings as ECMAScript writes
 * them, no white space. What JSON cannot hold (undefined members) is left out, as `JSON.stringify` does.
 */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('canonical: not a JSON number')
    return JSON.stringify(value) ?? 'null'
  }
  if (Array.isArray(value)) {
    let items = ''
    for (const item of value) items += (items === '' ? '' : ',') + canonical(item)
    return `[${items}]`
  }
  let members = ''
  // The default order of sort() is that of UTF-16 code units, as RFC 8785 section 3.2.3 wants.
  for (const name of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[name]
    if (member === undefined || typeof member === 'function') continue
    members += `${members === '' ? '' : ','}${JSON.stringify(name)}:${canonical(member)}`
  }
  return `{${members}}`
}
