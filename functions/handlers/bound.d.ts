/** What the build binds a handler to: see infra/build.ts. */
declare module '#pipeline' {
  import type { Pipeline } from 'sallyport'
  const pipeline: Pipeline
  export default pipeline
}
declare module '#realm' {
  import type { Realm } from 'sallyport'
  const realm: Realm
  export default realm
}
declare module '#stage' {
  import type { Stage } from 'sallyport'
  const stage: Stage
  export default stage
}
