import { BitString, Boolean as Asn1Boolean, Constructed, Enumerated, fromBER, GeneralizedTime, Integer, ObjectIdentifier, OctetString, Sequence, Set as Asn1Set, UTCTime, type BaseBlock } from 'asn1js'

/** What is not as it should be; whoever calls makes one fault of all of it. */
export const refuse = (): never => { throw new TypeError('refused') }

/** Bounds of one structure. What has more is none of ours: a certificate of 300 names has some 2,000 nodes. */
const limits = { maxDepth: 32, maxNodes: 20_000, maxContentLength: 8 * 1_048_576 }

export type Node = BaseBlock

/** One structure in BER, and nothing behind it. */
export function parse(bytes: Uint8Array): Node {
  const { offset, result } = fromBER(bytes, limits)
  return offset === bytes.length && result.error === '' ? result : refuse()
}

/** As it stands in the message. */
export const raw = (node: Node): Buffer => Buffer.from(node.valueBeforeDecodeView)

export const sequence = (node: Node | undefined): readonly Node[] => node instanceof Sequence ? node.valueBlock.value : refuse()
export const set = (node: Node | undefined): readonly Node[] => node instanceof Asn1Set ? node.valueBlock.value : refuse()

/** Whether it is `[number]`. */
export const isTagged = (node: Node | undefined, number: number): node is Node => node?.idBlock.tagClass === 3 && node.idBlock.tagNumber === number
/** What is in a constructed `[number]`. */
export const tagged = (node: Node | undefined, number: number): readonly Node[] => isTagged(node, number) && node instanceof Constructed ? node.valueBlock.value : refuse()

export const objectId = (node: Node | undefined): string => node instanceof ObjectIdentifier ? node.valueBlock.toString() : refuse()
/** Two's complement, as it stands. To asn1js an ENUMERATED is an Integer as well. */
export const integer = (node: Node | undefined): Buffer => node instanceof Integer && !(node instanceof Enumerated) ? Buffer.from(node.valueBlock.valueHexView) : refuse()
/** Of four bytes at most. asn1js itself gives 0 for one of four. */
export function small(node: Node | undefined): number {
  const bytes = integer(node)
  return bytes.length <= 4 ? bytes.readIntBE(0, bytes.length) : refuse()
}
export const boolean = (node: Node | undefined): boolean => node instanceof Asn1Boolean ? node.valueBlock.value : refuse()
export const octets = (node: Node | undefined): Buffer => node instanceof OctetString ? Buffer.from(node.getValue()) : refuse()
/** Bits that fill whole bytes, or not. */
export const bits = (node: Node | undefined): Buffer => node instanceof BitString && !node.idBlock.isConstructed ? Buffer.from(node.valueBlock.valueHexView) : refuse()

/** RFC 5280 section 4.1.2.5: in Zulu time, with seconds, without fractions. Gives epoch milliseconds. */
export function time(node: Node | undefined): number {
  const text = node instanceof GeneralizedTime || node instanceof UTCTime ? Buffer.from(node.valueBlock.valueHexView).toString('latin1') : refuse()
  const [, year = '', month = '', day = '', hour = '', minute = '', second = ''] =
    (node instanceof GeneralizedTime ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(text) ?? refuse()
  const full = year.length === 4 ? year : `${Number(year) < 50 ? '20' : '19'}${year}`
  const at = Date.parse(`${full}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? refuse() : at
}

/** DER of one element (X.690 section 10.1). */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : length < 0x10000 ? [0x82, length >> 8, length & 0xff] : [0x84, length >>> 24, length >> 16 & 0xff, length >> 8 & 0xff, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

/** DER of an object identifier. */
export const oid = (text: string): Buffer => Buffer.from(new ObjectIdentifier({ value: text }).toBER())
