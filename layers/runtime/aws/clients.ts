/**
 * The AWS clients, all three in one file of the layer: they share the SDK's core, and the second and third cost a tenth
 * of the first (docs/decisions/0006).
 */
export { connect as dynamodb } from './dynamodb.ts'
export { connect as kms } from './kms.ts'
export { connect as secrets } from './secrets.ts'
