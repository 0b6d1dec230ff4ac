export type { Call } from './aws.ts'
export type { Partner, Reaction, Received } from './partners.ts'
export type { LedgerItem, PublicJwk } from './resources.ts'
export { run, sandbox, type Line, type MessageOptions, type PlannedFault, type Result, type Sandbox, type SandboxOptions, type Watcher } from './sandbox.ts'
