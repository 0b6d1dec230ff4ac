/** JSON with whatever fits on a line on one line: a golden file is read by people. */
export function shorten(value: unknown, indent = ''): string {
  const flat = spaced(value)
  if (flat.length + indent.length <= 150 || typeof value !== 'object' || value === null) return flat
  const inner = `${indent}  `
  const [open, close, members]: [string, string, string[]] = Array.isArray(value)
    ? ['[', ']', value.map((item) => shorten(item, inner))]
    : ['{', '}', Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${shorten(member, inner)}`)]
  return `${open}\n${members.map((member) => `${inner}${member}`).join(',\n')}\n${indent}${close}`
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
