/** A request path made by {@link path}: the only way to one. */
export interface Path {
  readonly path: string
}

/**
 * A request path from a template: literal parts as written, each value escaped as one segment.
 * A value that is empty, `.` or `..` would change which resource is meant and throws.
 */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): Path {
  const escaped = values.map((value) => {
    if (value === '' || value === '.' || value === '..') throw new TypeError('path: a value may not be empty, "." or ".."')
    return encodeURIComponent(value).replaceAll('.', '%2E')
  })
  const joined = String.raw({ raw: parts }, ...escaped)
  if (!joined.startsWith('/') || joined.startsWith('//') || parts.raw.some((part) => part.includes('\\')) || /(^|\/)\.{1,2}(\/|$)/.test(joined)) {
    throw new TypeError('path: begin with one "/", and climb nowhere')
  }
  return { path: joined }
}
