/** What seals by envelopes, stores and loads, in a file of the layer of its own: pipelines that do none of it never read it. */
export { firstReplies } from './first-replies.ts'
export { load, store } from './records.ts'
export { openEnvelope, openKept, sealEnvelope } from './sealing.ts'
