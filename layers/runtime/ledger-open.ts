/** What waits in the ledger, and what may be done about it by others than its run: for the function `ledger`. */
export { confirmDoubt, doubts, releaseDoubt, shards, sweep, sweepable } from './ledger.ts'
export { entry, readItem } from './ledger-table.ts'

/** The sparse index: what is claimed or in doubt, by `open` and `lease`. */
export const index = 'open'
/** What of an item is in it. */
export const indexed = ['state', 'attempt', 'pipeline', 'firstClaimedAt', 'repeatable', 'days', 'step'] as const
