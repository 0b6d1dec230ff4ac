/** A run that stays up until it is ended: what `npm start` does behind its words. */
import { startStack } from '../../local/stack.ts'

const [dir = ''] = process.argv.slice(2)
const stack = await startStack({ dir, port: 0, env: {} })
stack.publish()
process.on('SIGTERM', () => { void stack.stop().then(() => process.exit(0)) })
process.send?.('up')
