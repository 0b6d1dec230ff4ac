import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { CompactSign, compactVerify } from 'jose'
import { account } from 'sallyport'
import { importedSigningKey } from '../../functions/accounts/imported-signing-key.ts'
import { jws } from '../../functions/signatures/jws.ts'
import type { Row } from '../row.ts'
import { signJws, verifyJws, type Signing } from './bare.ts'
import { against } from './compare.ts'
import { warm } from './warm.ts'

/** JWS in compact form over 2 KB. Nothing is promised of the ratios. */
export async function signatures(): Promise<Row[]> {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const cases: readonly [Signing & { readonly alg: 'ES256' | 'RS256' | 'PS256' | 'EdDSA' }, { publicKey: KeyObject; privateKey: KeyObject }][] = [
    [{ alg: 'ES256', digest: 'sha256' }, generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    [{ alg: 'RS256', digest: 'sha256' }, rsa],
    [{ alg: 'PS256', digest: 'sha256', pss: true }, rsa],
    [{ alg: 'EdDSA', digest: undefined }, generateKeyPairSync('ed25519')],
  ]
  const plain = randomBytes(2_048)
  const rows: Row[] = []
  for (const [how, { publicKey, privateKey }] of cases) {
    const { alg } = how
    const kid = 'bench'
    const io = warm({ seal: { privateKey: privateKey.export({ format: 'jwk' }), kid } })
    const ours = jws({ key: account('seal', importedSigningKey()), algorithm: alg })
    const byJose = () => new CompactSign(plain).setProtectedHeader({ alg, kid }).sign(privateKey)
    const signed = signJws(how, kid, privateKey, plain)
    const read = [verifyJws(how, kid, publicKey, await byJose()), await ours.verify?.({ signed }, io), (await compactVerify((await ours.sign?.(plain, io))?.signed ?? '', publicKey)).payload]
    if (!read.every((bytes) => bytes !== undefined && plain.equals(bytes))) throw new Error(`${alg}: not the same work`)
    rows.push(
      ...await against(`jws ${alg}, signs 2 KB`, () => ours.sign?.(plain, io), { 'against node:crypto': { work: () => signJws(how, kid, privateKey, plain), goal: null }, 'against jose': { work: byJose, goal: null } }),
      ...await against(`jws ${alg}, verifies 2 KB`, () => ours.verify?.({ signed }, io), { 'against node:crypto': { work: () => verifyJws(how, kid, publicKey, signed), goal: null }, 'against jose': { work: () => compactVerify(signed, publicKey), goal: null } }),
    )
  }
  return rows
}
