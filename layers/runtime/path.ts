/** A request path made by {@link path}: the only way to one. */
export interface Path {
  readonly path: string
}

/** Templates that were looked at: what is literal in them is the same at every call. */
const sound = new WeakSet<TemplateStringsArray>()

/**
 * A request path from a template: literal parts as written, each value escaped as one segment.
 * A value that is empty, `.` or `..` would change which resource is meant and throws.
 */
export function path(parts: TemplateStringsArray, ...values: readonly string[]): Path {
  if (!sound.has(parts)) check(parts)
  let joined = parts[0] as string
  for (const [i, value] of values.entries()) {
    if (value === '' || value === '.' || value === '..') throw new TypeError('path: a value may not be empty, "." or ".."')
    joined += encodeURIComponent(value).replaceAll('.', '%2E') + (parts[i + 1] as string)
  }
  return { path: joined }
}

/** An escaped value holds no slash and no dot, so that only the literal parts could leave the origin or climb. */
function check(parts: TemplateStringsArray): void {
  const literal = parts.join('x')
  if (!literal.startsWith('/') || literal.startsWith('//') || parts.raw.some((part) => part.includes('\\')) || /(^|\/)\.{1,2}(\/|$)/.test(literal)) {
    throw new TypeError('path: begin with one "/", and climb nowhere')
  }
  sound.add(parts)
}
