/** The facts of one request that policies may ask about. Names are looked up without regard to case. */
export type Context = Readonly<Record<string, string | readonly string[]>>

/** The values of a context key, or undefined when the request does not have it. */
export function valuesOf(context: Context, key: string): readonly string[] | undefined {
  const wanted = key.toLowerCase()
  for (const [name, value] of Object.entries(context))
    if (name.toLowerCase() === wanted) return typeof value === 'string' ? [value] : value
  return undefined
}

// Stand for a star and a question mark that came out of a value, and mean themselves.
const literals: Readonly<Record<string, string>> = { '\uE000': '*', '\uE001': '?' }

/** Replaces `${aws:PrincipalAccount}` and its like; undefined when the request lacks the key, so that nothing matches. */
function resolved(pattern: string, context: Context): string | undefined {
  let known = true
  const text = pattern.replace(/\$\{([^}]*)\}/g, (_, key: string) => {
    const literal = /^[*?$]$/.test(key) ? [key] : valuesOf(context, key)
    if (literal?.length !== 1) known = false
    return (literal?.[0] ?? '').replace(/[*?]/g, (c) => (c === '*' ? '\uE000' : '\uE001'))
  })
  return known ? text : undefined
}

/** Greedy, with one place to come back to: no pattern takes more than pattern × text steps, as a regular expression might. */
function glob(pattern: string, text: string): boolean {
  let [p, t, star, resume] = [0, 0, -1, 0]
  while (t < text.length) {
    const c = pattern[p]
    if (c === '*') {
      star = p
      resume = t
      p += 1
    } else if (c !== undefined && (c === '?' || (literals[c] ?? c) === text[t])) {
      p += 1
      t += 1
    } else if (star >= 0) {
      resume += 1
      t = resume
      p = star + 1
    } else return false
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}

/** Whether `*` and `?` in the pattern cover the text. */
export function covers(pattern: string, text: string, context: Context, ignoreCase = false): boolean {
  const full = resolved(pattern, context)
  if (full === undefined) return false
  return ignoreCase ? glob(full.toLowerCase(), text.toLowerCase()) : glob(full, text)
}

/** Whether pattern and text are equal, after policy variables; `*` and `?` mean themselves. */
export function equals(pattern: string, text: string, context: Context, ignoreCase = false): boolean {
  const full = resolved(pattern, context)?.replace(/\uE000/g, '*').replace(/\uE001/g, '?')
  return ignoreCase ? full?.toLowerCase() === text.toLowerCase() : full === text
}

/** As `covers`, part by part of an ARN: a star never reaches over one of the first five colons. */
export function coversArn(pattern: string, arn: string, context: Context): boolean {
  const full = resolved(pattern, context)
  if (full === undefined) return false
  if (full === '*') return true
  const parts = (text: string): string[] => {
    const all = text.split(':')
    return [...all.slice(0, 5), all.slice(5).join(':')]
  }
  const [wanted, given] = [parts(full), parts(arn)]
  return wanted.every((part, i) => glob(part, given[i] ?? ''))
}
