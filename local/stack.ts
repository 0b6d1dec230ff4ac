import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import type { Account, Pipeline } from 'sallyport'
import { build, explain, type BuildInput, type Built } from '../infra/build.ts'
import { home } from '../infra/home.ts'
import { keySetsOf } from '../infra/key-sets.ts'
import { accountsOf, isPartner, isReaders, readerOf, type Concern } from './accounts.ts'
import { accountAt, assumeRole } from './assume-role.ts'
import { startAws, type AwsProcess } from './aws-process.ts'
import { clients, type Endpoint } from './clients.ts'
import { createCustomResource } from './cloudformation.ts'
import { startControl } from './control.ts'
import { readFolder } from './definitions.ts'
import { ownEndpoint } from './endpoint.ts'
import { startGateway } from './gateway-process.ts'
import type { Route } from './gateway/route.ts'
import type { EventSource } from './lambda/event-source.ts'
import type { Inspect, Outcome } from './lambda/function.ts'
import { lock } from './lock.ts'
import { Mistake } from './mistake.ts'
import { startPartners, type PartnersProcess } from './partners-process.ts'
import type { PrivateJwk } from './partners/reading-key.ts'
import { principalsFile, type Keys } from './principals-file.ts'
import { fillAccounts, provisionState } from './provision.ts'
import type { Run } from './run.ts'
import { synthesizer } from './synth.ts'
import { customResourcesOf, type CustomResource } from './template/custom-resources.ts'
import { eventSourcesOf } from './template/event-sources.ts'
import { functionsOf, type WantedFunction } from './template/functions.ts'
import { rolesOf } from './template/roles.ts'
import { apiOf } from './template/routes.ts'
import { schedulesOf, type Schedule } from './template/rules.ts'
import { readTemplate } from './template/template.ts'
import { writeWhole } from './write-whole.ts'

export interface StackSettings {
  /** Where all state lives. */
  readonly dir: string
  /** The folder with the cdk.json; this package by default. */
  readonly project?: string
  /** Folder of the pipelines; ours by default. */
  readonly pipelines?: string
  /** Of the gateway. 0: a free one. */
  readonly port?: number
  /** For tests: a file that gets the bodies of all AWS requests. */
  readonly requests?: string
  readonly env?: NodeJS.ProcessEnv
  /** A function, by its short name, to which a debugger can be attached at this port: no timeout, one process. */
  readonly inspect?: Inspect
  /** Told what is being done. */
  readonly progress?: (what: string) => void
  /** Told what a reader should know, such as a process that was started again. */
  readonly note?: (sentence: string) => void
}

/** The whole system on this machine. */
export interface Stack {
  readonly gateway: string
  readonly control: string
  /** As `run.json` has it; the pids change when a process was started again. */
  readonly run: Run
  readonly routes: readonly Route[]
  readonly pipelines: readonly Pipeline[]
  /** The user's files that the pipelines are made of. */
  readonly files: readonly string[]
  /** Origins of the partners, by account. */
  readonly partners: Readonly<Record<string, string>>
  readonly logFile: string
  readonly callsFile: string
  readonly requestsFile?: string
  /** By short name or full name. */
  invoke(functionName: string, event: object): Promise<Outcome>
  /**
   * Runs what the files say now; state, ports and the gateway stay. True where more than code has changed. Throws a sentence,
   * and then what ran before goes on. Nothing is put in place before `checked` is settled well: it is made meanwhile.
   */
  reload(checked?: Promise<void>): Promise<boolean>
  /** Writes `run.json`, and again whenever a pid changes. */
  publish(): void
  stop(): Promise<void>
}

const examples = join(home, 'functions/pipelines')
const keptBytes = 32 * 1024 * 1024

/** A log that has grown large makes room at the next start. */
function roomy(file: string): string {
  if (existsSync(file) && statSync(file).size > keptBytes) renameSync(file, `${file}.old`)
  return file
}

/** Told at once, rather than when everything else is up. */
async function refuseTaken(port: number): Promise<void> {
  const probe = createServer()
  await new Promise<void>((done, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code === 'EADDRINUSE' ? `port ${port} is taken: set PORT to a free one` : `port ${port} cannot be opened (${error.code})`)))
    probe.listen(port, '127.0.0.1', () => probe.close(() => done()))
  })
}

/** Starts partners, stand-ins and gateway from the synthesized template. Stops whatever it started if that fails. */
export async function startStack(settings: StackSettings): Promise<Stack> {
  const dir = resolve(settings.dir)
  const unlock = lock(dir)
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    // All at once: each has two seconds, and three is all that SIGTERM may take.
    await Promise.allSettled(stops.splice(0).map((each) => each()))
    // Whoever waits for the next run must not read of this one.
    rmSync(join(dir, 'run.json'), { force: true })
    unlock()
  }
  try {
    return await assemble({ ...settings, dir }, stops, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

/** Whether the partners' credentials were given out for this endpoint; what another one holds is of no use here. */
function sameEndpoint(dir: string, url = 'stand-in'): boolean {
  const file = join(dir, 'partners', 'endpoint')
  const same = existsSync(file) && readFileSync(file, 'utf8') === url
  if (!same) writeWhole(file, url)
  return same
}

/** Credentials of each role at an endpoint of the user's own; where it has no such role, the user's. */
async function assumed(endpoint: Endpoint, roles: readonly string[], note: (sentence: string) => void): Promise<Map<string, Keys>> {
  const keys = new Map<string, Keys>()
  for (const role of roles) {
    const own = await assumeRole(endpoint, role)
    if (own === undefined) note(`${role} cannot be assumed at ${endpoint.url}: its function runs with your own credentials`)
    keys.set(role, own ?? endpoint.credentials)
  }
  return keys
}

/** Bundles in this process, where esbuild is warm. Throws a {@link Mistake}. */
async function bundle(input: BuildInput): Promise<Built> {
  try {
    return await build(input)
  } catch (error) {
    throw new Mistake(explain(error), { cause: error })
  }
}

/** Parts of the template that the gateway runs. */
interface Deployed {
  readonly api: { readonly id: string; readonly routes: readonly Route[] }
  readonly functions: readonly (WantedFunction & { readonly credentials: Keys })[]
  readonly sources: readonly EventSource[]
  readonly schedules: readonly Schedule[]
  readonly customResources: readonly CustomResource[]
  readonly administrator: Keys
}

async function assemble(settings: StackSettings, stops: (() => Promise<void>)[], stop: () => Promise<void>): Promise<Stack> {
  const { project = home, dir, pipelines: folder = examples, port = 8787, requests, env = process.env, inspect, progress = () => undefined, note = () => undefined } = settings
  rmSync(join(dir, 'run.json'), { force: true })
  mkdirSync(join(dir, 'aws'), { recursive: true, mode: 0o700 })
  const [logFile, callsFile] = [roomy(join(dir, 'log.jsonl')), roomy(join(dir, 'calls.jsonl'))]
  roomy(join(dir, 'processes.log'))
  const failed = (why: string): void => note(`${why}; stop this run and start it again`)
  await refuseTaken(port)
  const foreign = await ownEndpoint(env)
  const place = { region: foreign?.region ?? 'us-east-1', account: (foreign && await accountAt(foreign)) ?? '000000000000' }
  const cdk = synthesizer(project)
  stops.push(async () => cdk.stop())

  progress('reading the pipelines')
  let current = await readFolder(folder)
  let accounts = partnersAndKeys(current.pipelines)

  progress('starting the partners')
  let partners = await partnersOf(accounts, dir, failed)
  stops.push(() => partners.stop())

  progress('bundling the functions')
  const [out, edits] = [join(dir, 'cdk.out'), join(dir, 'edits')]
  rmSync(edits, { recursive: true, force: true })
  const wanted = (): Pick<BuildInput, 'pipelines' | 'stage' | 'origins'> => ({ pipelines: resolve(folder), stage: 'local', origins: partners.origins })
  const built = await bundle({ ...wanted(), out: join(dir, 'bundles', 'first') })

  progress('synthesizing the CDK app')
  await cdk.synthesize({ pipelines: resolve(folder), origins: partners.origins, built, out })

  progress(foreign ? `creating keys, tables, queues and secrets at ${foreign.url}` : 'starting the stand-ins for AWS')
  // Another file: the keys of our own principals stay as they are.
  const principals = join(dir, foreign ? 'principals-endpoint.json' : 'principals.json')
  const people = principalsFile(principals, place.account)
  people.write([])
  const pids: { gateway: number; aws: number | null } = { gateway: 0, aws: null }
  let published: (() => void) | undefined
  const became = (which: 'gateway' | 'aws') => (pid: number): void => {
    if (pids[which] !== null && pids[which] !== 0) note(`the ${which === 'aws' ? 'stand-in for AWS' : 'gateway'} was started again (process ${pid})`)
    pids[which] = pid
    published?.()
  }
  let aws: AwsProcess | undefined
  if (!foreign) {
    const ours = await startAws({ ...place, dir, principals, calls: callsFile, ...requests !== undefined && { requests }, started: became('aws'), failed })
    stops.push(() => ours.stop())
    aws = ours
  }
  const endpoint: Endpoint = foreign ?? { url: aws?.url ?? '', region: place.region, credentials: people.administrator }

  /** Creates what the template that was just synthesized wants, and gives what the gateway is to run. What is there stays. */
  async function deploy(out: string): Promise<Deployed> {
    const template = readTemplate(out, place)
    const sdk = clients(endpoint)
    try {
      const secrets = await provisionState(template, sdk, note)
      for (const sentence of await fillAccounts(current.pipelines, secrets, sdk, partners, !sameEndpoint(dir, foreign?.url))) note(sentence)
    } finally {
      sdk.close()
    }
    const roles = rolesOf(template)
    for (const { name, unknownBoundary } of roles) if (unknownBoundary !== undefined) note(`role ${name}: its boundary ${unknownBoundary} is not in the template and binds nothing here`)
    const keys = foreign ? { administrator: endpoint.credentials, roles: await assumed(foreign, roles.map(({ arn }) => arn), note) } : people.write(roles)
    if (foreign) people.admit(endpoint.credentials)
    const functions = functionsOf(template).map((fn) => {
      const credentials = keys.roles.get(fn.roleArn)
      if (credentials === undefined) throw new Error(`function ${fn.name} has a role that is not in the template`)
      return { ...fn, credentials }
    })
    return { api: apiOf(template), functions, sources: eventSourcesOf(template), schedules: schedulesOf(template), customResources: customResourcesOf(template), administrator: keys.administrator }
  }

  if (!foreign) progress('creating keys, tables, queues and secrets')
  let deployed = await deploy(out)

  progress('starting the gateway')
  const certificates = foreign ? env['NODE_EXTRA_CA_CERTS'] : undefined
  const gateway = await startGateway({
    api: { id: deployed.api.id, ...place }, routes: deployed.api.routes, functions: deployed.functions, sources: deployed.sources, endpoint: endpoint.url, principals, log: logFile,
    ...certificates !== undefined && { extra: { NODE_EXTRA_CA_CERTS: certificates } },
    ...inspect !== undefined && { inspect },
  }, { dir, started: became('gateway'), failed, note })
  stops.push(() => gateway.stop())
  const fullName = (name: string): string => deployed.functions.find(({ shortName }) => shortName === name)?.name ?? name

  async function create(): Promise<void> {
    for (const resource of deployed.customResources) {
      progress(`making the key pairs (${resource.stack}/${resource.id})`)
      await createCustomResource(resource, place, (name, event) => gateway.invoke(name, event))
    }
  }
  await create()
  /** Each with its event, one after another. */
  async function runDue(due: readonly Schedule[]): Promise<object> {
    const ran: string[] = []
    for (const { function: name, event } of due) {
      const outcome = await gateway.invoke(name, event(new Date()))
      if (!outcome.ok) throw new Error(`the function ${name} failed: see its lines in the log`)
      ran.push(name)
    }
    return { ran }
  }
  const standIn = aws
  const control = await startControl({
    partners: () => partners.started.map(({ name }) => name),
    behave: (name, mode) => partners.behave(name, mode),
    learn: (name, headers) => partners.learn(name, headers),
    plan: standIn && ((faults) => standIn.plan(faults)),
    health: () => ({ status: 'ok', pids }),
    invoke: (name, event) => !['keys', 'ledger', 'failures'].includes(name) || !deployed.functions.some(({ shortName }) => shortName === name) ? undefined : (async () => {
      const outcome = await gateway.invoke(fullName(name), event)
      if (!outcome.ok) throw new Error(`the function ${name} failed: see its lines in the log`)
      return JSON.parse(outcome.payload) as object
    })(),
    async rotate(key) {
      const outcome = await gateway.invoke(fullName('keys'), { rotate: { key } })
      if (!outcome.ok) throw new Error('the function keys failed: see its lines in the log')
      return JSON.parse(outcome.payload) as object
    },
    schedule(name) {
      const due = deployed.schedules.filter((each) => each.rule === name || each.function === fullName(name))
      return due.length === 0 ? undefined : runDue(due)
    },
  })
  stops.push(() => control.stop())
  const url = `http://127.0.0.1:${await gateway.listen(port)}`

  function readingKeys(): ReadonlyMap<string, PrivateJwk> {
    const reading = new Map<string, PrivateJwk>()
    for (const account of accounts) {
      const reader = isReaders(account) ? readerOf(account, current.pipelines) : undefined
      if (reader !== undefined && !reading.has(reader)) reading.set(reader, JSON.parse(readFileSync(join(dir, 'partners', `${account.name}.key.json`), 'utf8')) as PrivateJwk)
    }
    return reading
  }
  const told = (): Run => {
    const reading = readingKeys()
    return {
      gateway: url, control: control.url,
      aws: { endpoint: endpoint.url, region: place.region, ...deployed.administrator },
      roles: Object.fromEntries(deployed.functions.map(({ shortName, credentials }) => [shortName, credentials])),
      pids, log: logFile, calls: callsFile, ...requests !== undefined && { requests },
      partners: Object.fromEntries(partners.started.map(({ name, received }) => {
        const privateKey = reading.get(name)
        return [name, { received, ...privateKey && { privateKey } }]
      })),
    }
  }
  let run = told()

  let rounds = 0
  // Of the first synthesis, which stays: the runtime is not what a user edits.
  const [layer = ''] = deployed.functions.flatMap(({ layers }) => layers)
  const fresh = (): string => join(edits, String(++rounds))
  /** Processes may still read what they were started from: the last two rounds stay. */
  const tidy = (): void => rmSync(join(edits, String(rounds - 2)), { recursive: true, force: true })

  /** The bundles alone: the functions stay what they are, in another folder. */
  async function rebundle(checked: Promise<void>): Promise<void> {
    const built = await bundle({ ...wanted(), out: fresh(), layer })
    await checked
    deployed = { ...deployed, functions: deployed.functions.map((fn) => ({ ...fn, code: built.functions[fn.shortName] ?? fn.code })) }
    await gateway.reload({ routes: deployed.api.routes, functions: deployed.functions, sources: deployed.sources })
  }

  async function redeploy(checked: Promise<void>): Promise<void> {
    const names = (list: typeof accounts): string => list.map(({ name, how }) => `${name} ${how.signIn} ${how.path ?? ''}`).join()
    const named = partnersAndKeys(current.pipelines)
    if (names(named) !== names(accounts)) {
      await partners.stop()
      partners = await partnersOf(named, dir, failed)
      accounts = named
    }
    const round = fresh()
    const built = await bundle({ ...wanted(), out: join(round, 'bundles'), layer })
    const assembly = join(round, 'cdk.out')
    await cdk.synthesize({ pipelines: resolve(folder), origins: partners.origins, built, out: assembly })
    await checked
    const anew = await deploy(assembly)
    // The runtime stays where it was first put: this round's copy of it goes with the round.
    deployed = { ...anew, functions: anew.functions.map((fn) => ({ ...fn, layers: fn.layers.map(() => layer) })) }
    await gateway.reload({ routes: deployed.api.routes, functions: deployed.functions, sources: deployed.sources })
    await create()
    run = told()
    published?.()
  }

  return {
    get gateway() { return url },
    get control() { return control.url },
    get run() { return run },
    get routes() { return deployed.api.routes },
    get pipelines() { return current.pipelines },
    get files() { return current.files },
    get partners() { return partners.origins },
    logFile, callsFile, ...requests !== undefined && { requestsFile: requests },
    invoke: (name, event) => gateway.invoke(fullName(name), event),
    async reload(checked = Promise.resolve()) {
      const before = current
      const next = await readFolder(folder)
      current = next
      try {
        await (next.shape === before.shape ? rebundle(checked) : redeploy(checked))
        tidy()
      } catch (error) {
        // The next attempt has to find the difference again.
        current = { ...before, files: next.files }
        throw error
      }
      return next.shape !== before.shape
    },
    publish() {
      published = () => writeWhole(join(dir, 'run.json'), `${JSON.stringify(run, null, 2)}\n`)
      published()
    },
    stop,
  }
}

/** Every account that the partners have a part in. */
const partnersAndKeys = (pipelines: readonly Pipeline[]): Account<Concern>[] => [...accountsOf(pipelines), ...keySetsOf(pipelines)]

const partnersOf = (accounts: readonly Account<Concern>[], dir: string, failed: (why: string) => void): Promise<PartnersProcess> => startPartners({
  dir, failed, partners: accounts.filter(isPartner).map(({ name, how }) => ({ name, publishes: how.path })), keys: accounts.filter(isReaders).map(({ name }) => name),
})
