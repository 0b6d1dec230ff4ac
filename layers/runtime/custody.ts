/** Private halves of our own keys, in a file of the layer of their own: pipelines without one never read it. */
export { findPrivateKey } from './private-key.ts'
export { deriveMacKey } from './mac-key.ts'
export { signingHalf, verifyingHalf } from './signing.ts'
