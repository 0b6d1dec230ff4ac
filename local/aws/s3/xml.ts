const names: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

const escaped = (text: string): string => text.replace(/[&<>"'\r]/g, (c) => `&#${c.charCodeAt(0)};`)

const opening = '<?xml version="1.0" encoding="UTF-8"?>\n'
const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** An element with text or elements in it. */
export const element = (name: string, content: string | number | boolean | readonly string[]): string =>
  `<${name}>${Array.isArray(content) ? content.join('') : escaped(String(content))}</${name}>`

/** A document of S3's namespace. */
export const document = (name: string, content: readonly string[]): string => `${opening}<${name} xmlns="${namespace}">${content.join('')}</${name}>`

/** An element as it was read. `text`: what stands outside of child elements. */
export type Element = { readonly name: string; text: string; readonly children: Element[] }

const plain = (text: string): string | undefined => {
  let known = true
  const result = text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,8}));|&/g, (_, decimal?: string, hex?: string, name?: string) => {
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    const found = name !== undefined && Object.hasOwn(names, name) ? names[name] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined
    if (found === undefined) known = false
    return found ?? ''
  })
  return known ? result : undefined
}

/** The root of a document of elements and text, or undefined: comments, CDATA and declarations of types are not read. */
export function readXml(document: string): Element | undefined {
  const top: Element = { name: '', text: '', children: [] }
  const open = [top]
  const source = document.replace(/^\uFEFF?\s*<\?xml[^>]*\?>/, '')
  const token = /<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy
  while (token.lastIndex < source.length) {
    const [whole, closes, name = '', , empty, text] = token.exec(source) ?? []
    const inner = open.at(-1)
    if (whole === undefined || inner === undefined) return undefined
    if (text !== undefined) {
      const read = plain(text)
      if (read === undefined) return undefined
      inner.text += read
    } else if (closes === '/') {
      if (inner.name !== name || open.length === 1) return undefined
      open.pop()
    } else {
      const child: Element = { name, text: '', children: [] }
      inner.children.push(child)
      if (empty !== '/') open.push(child)
      if (open.length > 20) return undefined
    }
  }
  const [root, ...others] = top.children
  return open.length === 1 && others.length === 0 && top.text.trim() === '' ? root : undefined
}

export const childOf = ({ children }: Element, name: string): Element | undefined => children.find((child) => child.name === name)
