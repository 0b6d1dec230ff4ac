import { readConfig } from './config.ts'
import { startAws, type Aws } from './server.ts'

/** The process: configuration in, `{ port }` out, and gone with its parent. */
async function main(): Promise<void> {
  const aws = await startAws(readConfig(process.env['SALLYPORT_AWS']))
  process.on('SIGTERM', () => stop(aws))
  process.on('SIGINT', () => stop(aws))
  process.on('disconnect', () => stop(aws))
  if (process.send) process.send({ port: aws.port })
  else process.stdout.write(`${JSON.stringify({ port: aws.port })}\n`)
}

let stopping = false

function stop(aws: Aws): void {
  if (stopping) return
  stopping = true
  // Everything acknowledged is on the disk already: leaving late would gain nothing.
  setTimeout(() => process.exit(0), 800).unref()
  aws.close().then(() => process.exit(0), () => process.exit(1))
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'the stand-ins did not start'}\n`)
  process.exit(1)
})
