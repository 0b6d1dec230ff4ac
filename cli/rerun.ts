import { readFileSync } from 'node:fs'
import type { Reran, Why } from '../functions/handlers/rerun.ts'
import { askedOf, deploymentOf, failureId, options } from './failures.ts'
import { invoke, type Deployment } from './invoke.ts'
import { say } from './screen.ts'
import { readOptions, Refused, Usage } from './usage.ts'

/** What a function can be given, in bytes: base64 makes four of three, and 6 MB are the most. */
const largestBody = 4_400_000

/** Why nothing was run, and what can be done about it. */
export const reasons: Readonly<Record<Why, string>> = {
  gone: 'there is no such failure any more: it went well meanwhile, was forgotten, or has expired',
  waits: 'its message is still in its queue, and comes again by itself; --force runs it now as well',
  final: 'the same fails alike: mend what is wrong, and say --force',
  body: 'the pipeline cannot read the message again: give its payload with --body',
  crashed: 'the function of the pipeline ended without an answer: see its log',
}

/** Runs failures again: one by its id, or many, from here or in AWS. */
export async function rerun(args: string[]): Promise<number> {
  const { pipeline: named, entity, fault, since, json, stage, id } = options
  const { values, positionals: [failure, ...more] } = readOptions({ args, allowPositionals: true, options: {
    pipeline: named, entity, fault, since, json, stage, id, body: { type: 'string' }, concurrency: { type: 'string' },
    force: { type: 'boolean', default: false }, yes: { type: 'boolean', default: false }, 'in-aws': { type: 'boolean', default: false }, stop: { type: 'boolean', default: false },
  } })
  if (more.length > 0) throw new Usage('rerun takes one ID; for many, write --pipeline')
  const { asked } = askedOf(values)
  const deployment = deploymentOf(values)
  const { body, concurrency, force, yes, 'in-aws': inAws, stop } = values
  if (failure !== undefined) {
    if (Object.keys(asked).length > 0 || concurrency !== undefined || inAws || stop) throw new Usage('an ID says which failure: leave out --pipeline, --entity, --fault, --since, --concurrency, --in-aws and --stop')
    return one(deployment, { id: failureId(failure), ...body !== undefined && { body: await read(body) }, force }, values.json)
  }
  if (body !== undefined) throw new Usage('--body is the payload of one failure: name its ID')
  if (concurrency !== undefined && !(/^[1-9]\d?$/.test(concurrency) && Number(concurrency) <= 40)) throw new Usage('--concurrency: write a number from 1 to 40')
  if (stop && !inAws) throw new Usage('--stop is of --in-aws: what runs from here is stopped by Ctrl-C')
  if (stop) return (await import('./rerun/in-aws.ts')).stop(deployment)
  const { pipeline } = asked
  if (pipeline === undefined) throw new Usage('name the ID of a failure, or a --pipeline')
  const wanted = { asked: { ...asked, pipeline }, concurrency: Number(concurrency ?? 5), force, yes, json: values.json }
  if (!inAws) return (await import('./rerun/many.ts')).many(deployment, wanted)
  if (asked.entity !== undefined) throw new Usage('--entity would stay in the history of the state machine: leave out --in-aws')
  return (await import('./rerun/in-aws.ts')).inAws(deployment, wanted)
}

/** A file, or what is piped in, in base64: in memory alone. */
async function read(file: string): Promise<string> {
  let bytes: Buffer
  if (file === '-') {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk)
    bytes = Buffer.concat(chunks)
  } else {
    try {
      bytes = readFileSync(file)
    } catch {
      throw new Usage('--body: this file cannot be read')
    }
  }
  if (bytes.length === 0 || bytes.length > largestBody) throw new Usage(`--body: a payload has 1 to ${largestBody} bytes`)
  return bytes.toString('base64')
}

async function one(deployment: Deployment, wanted: { readonly id: string; readonly body?: string; readonly force: boolean }, json: boolean): Promise<number> {
  const reran = await invoke<Reran>('failures', { rerun: wanted }, deployment)
  const { id, done, fault, why } = reran
  if (json) say(JSON.stringify({ stage: deployment.stage, ...reran }))
  else if (done) say(`${id} is done, and its record is gone`)
  else if (why !== undefined) throw new Refused(`${id} was not run: ${reasons[why]}`)
  else if (fault === 'RERUN_MISMATCH') throw new Refused(`${id} was not run: this payload is not the one that failed`)
  else say(`${id} failed again: ${fault ?? 'without a word'}; npx sallyport failures ${id} tells more`)
  return done ? 0 : 1
}
