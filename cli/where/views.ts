import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** One way to read a content, and how it came about: the decodings in order. */
export interface View {
  readonly text: string
  /** Its letters and digits alone, in lower case. */
  readonly simple: string
  /** What `text` was read from, where that was bytes. */
  readonly bytes?: Buffer
  readonly how: readonly string[]
  /** Values that stand next to each other in JSON, run together. */
  readonly joined?: true
}

/** Bounds of what is looked at in one content. */
const most = { depth: 5, views: 4_000, characters: 8_000_000, text: 1_000_000, ms: 1_000 } as const

/** Letters and digits alone, in lower case. */
export const stripped = (text: string): string => text.replaceAll(/[^\p{L}\p{N}]+/gu, '').toLowerCase()

/** A view that may hold others. */
interface Open extends Omit<View, 'simple'> { readonly depth: number }

/**
 * Every way to read a content, itself first: JSON in strings, escapes, percent-encoding, entities, hex, base64 in either
 * alphabet and at any alignment, compressed, UTF-16 and reversed; nested, within bounds.
 */
export function* views(content: string | Uint8Array): Generator<View> {
  const began = performance.now()
  const seen = new Set<string>()
  const queue: Open[] = []
  let characters = 0
  const add = (view: Open): View | undefined => {
    const key = view.bytes === undefined ? view.text : view.bytes.toString('latin1')
    if (key === '' || seen.has(key) || seen.size >= most.views || characters > most.characters) return undefined
    seen.add(key)
    characters += key.length
    if (view.depth < most.depth) queue.push(view)
    return { ...view, simple: stripped(view.text) }
  }
  const first = typeof content === 'string' ? add({ text: content.slice(0, most.text), how: [], depth: 0 }) : add({ ...read(Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, most.text))), how: [], depth: 0 })
  if (first !== undefined) yield first
  for (let at = 0; at < queue.length; at++) {
    if (performance.now() - began > most.ms) return
    const { how, depth, ...outer } = queue[at] as Open
    // Read backwards it is looked at, not into.
    if (outer.text.length < 100_000) {
      const text = Array.from(outer.text).reverse().join('')
      yield { text, simple: stripped(text), how: [...how, 'reversed'] }
    }
    for (const { name, whole, ...inner } of within(outer)) {
      const view = { ...inner, how: [...how, name], depth: whole === false ? most.depth : depth + 1 }
      if (inner.joined) yield { ...view, simple: stripped(inner.text) }
      else {
        const added = add(view)
        if (added !== undefined) yield added
      }
    }
  }
}

/** What a view holds; `whole: false` for what is likely noise, and is not looked into. */
interface Inner { readonly name: string; readonly text: string; readonly bytes?: Buffer; readonly joined?: true; readonly whole?: false }

function* within({ text, bytes }: Pick<View, 'text' | 'bytes'>): Generator<Inner> {
  if (bytes !== undefined) {
    for (const [name, inner] of unpacked(bytes)) yield { name, ...read(inner) }
    if (!isText(text)) return
  }
  yield* json(text)
  const escaped = text.replaceAll(/\\u\{?([0-9a-fA-F]{4,6})\}?|\\x([0-9a-fA-F]{2})/g, (_, long?: string, short?: string) => String.fromCodePoint(Math.min(0x10ffff, Number.parseInt(long ?? short ?? '0', 16))))
  if (escaped !== text) yield { name: 'escaped', text: escaped }
  if (/%[0-9a-fA-F]{2}/.test(text)) {
    const latin = text.replaceAll('+', ' ').replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
    yield { name: 'percent-encoded', text: latin }
  }
  if (/&(?:#\d+|#x[0-9a-f]+|[a-z]+);/i.test(text)) yield { name: 'HTML entities', text: text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, entity) }
  if (text.includes('\0')) yield { name: 'UTF-16', text: text.replaceAll('\0', '') }
  for (const [run] of text.matchAll(/(?:[0-9a-fA-F]{2}[ :]?){3,}/g)) {
    const digits = run.replaceAll(/[ :]/g, '')
    if (digits.length < 6) continue
    yield decoded('hex', Buffer.from(digits, 'hex'))
    if (digits.length > 8) yield decoded('hex', Buffer.from(digits.slice(1), 'hex'))
  }
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{4,}/g)) {
    for (let lead = 0; lead < 4 && run.length - lead >= 4; lead++) {
      const inner = Buffer.from(run.slice(lead), 'base64')
      yield decoded('base64', inner)
      // Compression without a mark of its own is tried where it may well be.
      if (lead === 0 && run.length >= 12 && /\d/.test(run) && /[a-z]/.test(run) && /[A-Z]/.test(run)) for (const [name, plain] of unmarked(inner)) yield { name: `${name} in base64`, ...read(plain) }
    }
  }
}

function decoded(name: string, bytes: Buffer): Inner {
  const view = { name, ...read(bytes) }
  return isText(view.text) || isPacked(bytes) || view.text.includes('\0') ? view : { ...view, whole: false }
}

/** As UTF-8 where it is; else a character a byte, so that text between other bytes is found. */
function read(bytes: Buffer): { readonly text: string; readonly bytes: Buffer } {
  const utf8 = bytes.toString()
  return { text: utf8.includes('\uFFFD') ? bytes.toString('latin1') : utf8, bytes }
}

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffd]/g
const isText = (text: string): boolean => (text.slice(0, 2_000).match(control)?.length ?? 0) * 20 <= Math.min(text.length, 2_000) && !/^[\u0080-\u00ff]+$/.test(text)

const isPacked = (bytes: Buffer): boolean => bytes.length > 8 && (bytes.readUInt16BE() === 0x1f8b || (bytes[0] === 0x78 && bytes.readUInt16BE() % 31 === 0))

const bounded = { maxOutputLength: most.text }
const attempt = (unpack: (bytes: Buffer, options: typeof bounded) => Buffer, bytes: Buffer): Buffer | undefined => {
  try {
    const plain = unpack(bytes, bounded)
    return plain.length > 2 ? plain : undefined
  } catch {
    return undefined
  }
}

function* unpacked(bytes: Buffer): Generator<readonly [string, Buffer]> {
  if (!isPacked(bytes)) return
  const [name, unpack] = bytes[0] === 0x1f ? ['gzip', gunzipSync] as const : ['deflate', inflateSync] as const
  const plain = attempt(unpack, bytes)
  if (plain !== undefined) yield [name, plain]
}

function* unmarked(bytes: Buffer): Generator<readonly [string, Buffer]> {
  for (const [name, unpack] of [['deflate', inflateRawSync], ['brotli', brotliDecompressSync]] as const) {
    const plain = attempt(unpack, bytes)
    if (plain !== undefined && isText(plain.toString())) yield [name, plain]
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const entity = (whole: string, decimal?: string, hex?: string, name?: string): string =>
  name === undefined ? String.fromCodePoint(Math.min(0x10ffff, decimal === undefined ? Number.parseInt(hex ?? '0', 16) : Number(decimal))) : entities[name.toLowerCase()] ?? whole

/** Strings that JSON writes otherwise than they are; and all values run together, since one may be spread over several. */
function* json(text: string): Generator<Inner> {
  const value = parsed(text)
  if (typeof value === 'string') yield { name: 'JSON', text: value }
  if (typeof value !== 'object' || value === null) return
  const leaves = [...texts(value)]
  for (const { leaf, name } of leaves) if (/["\\\p{Cc}]/u.test(leaf)) yield { name: name ? 'name in JSON' : 'JSON', text: leaf }
  const values = leaves.filter(({ name }) => !name).map(({ leaf }) => leaf)
  if (values.length > 1) yield { name: 'in neighbouring values', text: values.join(''), joined: true }
}

function parsed(text: string): unknown {
  const from = text.search(/[[{"]/)
  const to = Math.max(text.lastIndexOf(']'), text.lastIndexOf('}'), text.lastIndexOf('"'))
  if (from < 0 || to <= from) return undefined
  try {
    return JSON.parse(text.slice(from, to + 1))
  } catch {
    return undefined
  }
}

function* texts(value: unknown): Generator<{ readonly leaf: string; readonly name: boolean }> {
  if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (!Array.isArray(value)) yield { leaf: name, name: true }
      yield* texts(member)
    }
  } else if (typeof value === 'string' || typeof value === 'number') yield { leaf: String(value), name: false }
}
