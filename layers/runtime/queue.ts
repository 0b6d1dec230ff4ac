/** What messages that wait need, in a file of the layer of its own: pipelines whose senders wait never read it. */
export { keep } from './keep.ts'
export { work } from './work.ts'
