import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { der, oid } from '../../../functions/signatures/cms/asn1.ts'

export interface Keys { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
export const newKeys = {
  rsa: (bits = 2048): Keys => generateKeyPairSync('rsa', { modulusLength: bits }),
  ec: (namedCurve = 'P-256'): Keys => generateKeyPairSync('ec', { namedCurve }),
  ed25519: (): Keys => generateKeyPairSync('ed25519'),
}

/** `between` is nothing that there is: it stands before the value. */
export interface Extension { readonly id: string; readonly critical?: boolean; readonly between?: Buffer; readonly value: Buffer }
/** Bits from the first one on, of a key usage. */
export const usage = (...bits: number[]): Extension => ({ id: '2.5.29.15', critical: true, value: der(3, Buffer.of(7 - Math.max(...bits) % 8, bits.reduce((byte, bit) => byte | 0x80 >> bit, 0))) })
export const authority = (pathLength?: number): Extension => ({ id: '2.5.29.19', critical: true, value: der(0x30, der(1, Buffer.of(255)), ...pathLength === undefined ? [] : [der(2, Buffer.of(pathLength))]) })
export const purpose = (...ids: string[]): Extension => ({ id: '2.5.29.37', value: der(0x30, ...ids.map(oid)) })
export const keyId = (id: Buffer): Extension => ({ id: '2.5.29.14', value: der(4, id) })

export interface Issued { readonly name: string; readonly keys: Keys; readonly bytes: Buffer; readonly pem: string }
interface Options {
  readonly keys?: Keys
  readonly issuer?: Pick<Issued, 'name' | 'keys'>
  readonly from?: number
  readonly to?: number
  readonly extensions?: readonly Extension[]
  readonly hash?: 'sha256' | 'sha1'
  readonly serial?: number
}

const sha256WithEcdsa = '1.2.840.10045.4.3.2'
const sha1WithEcdsa = '1.2.840.10045.4.1'
export const nameOf = (name: string): Buffer => der(0x30, der(0x31, der(0x30, oid('2.5.4.3'), der(12, Buffer.from(name)))))
const timeOf = (at: number): Buffer => der(0x18, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d{3}/g, '')))
let serials = 1

/** A certificate by ECDSA; of itself where no issuer is given. */
export function issue(name: string, { keys = newKeys.ec(), issuer = { name, keys }, from = Date.now() - 86_400_000, to = Date.now() + 86_400_000, extensions = [], hash = 'sha256', serial = ++serials }: Options = {}): Issued {
  const algorithm = der(0x30, oid(hash === 'sha1' ? sha1WithEcdsa : sha256WithEcdsa))
  const toBeSigned = der(0x30,
    der(0xa0, der(2, Buffer.of(2))), der(2, Buffer.of(serial)), algorithm, nameOf(issuer.name), der(0x30, timeOf(from), timeOf(to)), nameOf(name),
    keys.publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, der(0x30, ...extensions.map(({ id, critical = false, between = Buffer.of(), value }) => der(0x30, oid(id), ...critical ? [der(1, Buffer.of(255))] : [], between, der(4, value))))))
  const bytes = der(0x30, toBeSigned, algorithm, der(3, Buffer.of(0), sign(hash, toBeSigned, issuer.keys.privateKey)))
  return { name, keys, bytes, pem: `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}(?!$)/g, '$&\n')}\n-----END CERTIFICATE-----\n` }
}

export const digitalSignature = usage(0)
export const certSign = usage(5, 6)
export const pemOf = (key: KeyObject): string => key.export({ format: 'pem', type: 'pkcs8' }).toString()
