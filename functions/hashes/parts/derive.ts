import { pbkdf2 } from 'node:crypto'

/** PBKDF2 (RFC 8018 section 5.2) on the thread pool. Costs were checked before. */
export const derive = (password: Uint8Array, salt: Uint8Array, digest: string, iterations: number, length: number): Promise<Buffer> => new Promise((resolve, reject) => {
  pbkdf2(password, salt, iterations, length, digest, (error, key) => error === null ? resolve(key) : reject(error))
})
