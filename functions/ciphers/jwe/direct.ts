import { failed, type KeyManagement } from './algorithm.ts'
import { shared } from './check.ts'

/**
 * The shared key is the content key (RFC 7518 section 4.5): it has as many bytes as the content encryption takes.
 * With AES-GCM random IVs allow 2^32 seals with one key; make a new key long before.
 */
export const direct: KeyManagement = {
  alg: 'dir',
  keys: 'secret',
  check: /* @__PURE__ */ shared('dir'),
  wrap: ({ key }) => ({ wrapped: Buffer.alloc(0), cek: key }),
  unwrap: ({ key }, { length }) => length === 0 && key ? key : failed(),
}
