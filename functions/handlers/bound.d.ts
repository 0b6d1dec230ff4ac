/** What the build binds a handler to: see infra/build.ts. */
declare module '#pipeline' {
  const pipeline: import('sallyport').Pipeline
  export default pipeline
}
declare module '#realm' {
  const realm: import('sallyport').Realm
  export default realm
}
declare module '#stage' {
  const stage: import('sallyport').Stage
  export default stage
}
