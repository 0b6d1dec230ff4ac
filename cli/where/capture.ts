import crypto from 'node:crypto'
import dgram from 'node:dgram'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import { Environment, prints } from 'sallyport'
import { doerNow, runtime, type Witness } from './witness.ts'

/**
 * Takes over what a step reaches without its `io`: what is printed becomes a line of the log as in production; writes to
 * descriptors and files, variables, requests and connections of its own are seen, and nothing leaves the machine. What
 * goes into a cipher of node:crypto or Web Crypto, and what comes out, is noted: so whatever a user's own cipher seals is
 * known for sealed, and no pipeline in production pays for the question.
 */
export class Capture {
  /** Whom everything is told. */
  #witness: Witness | undefined
  #sink = unheard()
  #variables = { ...process.env }
  readonly #undo: (() => void)[] = []

  constructor() {
    this.#ciphers()
    this.#writes()
    this.#network()
    syncBuiltinESMExports()
    this.#undo.push(prints(() => this.#sink))
    this.#crashes()
  }

  /** Tells a witness from now on. */
  readonly tell = (witness: Witness): void => {
    this.#witness = witness
    this.#sink = unheard()
    this.#variables = { ...process.env }
  }

  /** The environment that works on the next message: its sink takes what is printed. */
  readonly begins = ({ sink }: Environment): void => { this.#sink = sink }

  /** Variables that are new or other than before: each is told once. */
  readonly changed = (): (readonly [string, string])[] => {
    const changes: [string, string][] = []
    for (const [name, value] of Object.entries(process.env)) {
      if (value === undefined || this.#variables[name] === value) continue
      changes.push([name, value])
      this.#variables[name] = value
    }
    return changes
  }

  /** Puts the variables back as they were when this began. */
  restore(before: Readonly<Record<string, string | undefined>>): void {
    for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name)
    for (const [name, value] of Object.entries(before)) if (process.env[name] !== value) process.env[name] = value
  }

  release(): void {
    for (const undo of this.#undo.toReversed()) undo()
    syncBuiltinESMExports()
  }

  /** Replaces a function; `make` is given the one before. */
  #replace<T extends object, K extends keyof T>(on: T, name: K, make: (before: T[K]) => T[K]): void {
    const descriptor = Object.getOwnPropertyDescriptor(on, name)
    const before = on[name]
    Object.defineProperty(on, name, { configurable: true, writable: true, enumerable: descriptor?.enumerable ?? false, value: make(before) })
    this.#undo.push(() => { if (descriptor === undefined) Reflect.deleteProperty(on, name); else Object.defineProperty(on, name, descriptor) })
  }

  #ciphers(): void {
    const streams = new WeakMap<object, { readonly plain: Buffer[]; readonly sealed: Buffer[] }>()
    const of = (cipher: object) => {
      const known = streams.get(cipher) ?? { plain: [], sealed: [] }
      streams.set(cipher, known)
      return known
    }
    type Any = (...args: unknown[]) => unknown
    const proto = crypto.Cipheriv.prototype as unknown as Record<'update' | 'final', Any>
    this.#replace(proto, 'update', (before) => function (this: object, ...args: unknown[]): unknown {
      const made = before.apply(this, args)
      const { plain, sealed } = of(this)
      plain.push(asBuffer(args[0], args[1]))
      sealed.push(asBuffer(made, args[2]))
      return made
    })
    const note = (plain: Buffer, sealed: Buffer): void => { this.#witness?.sealings.push({ plain, sealed }) }
    this.#replace(proto, 'final', (before) => function (this: object, ...args: unknown[]): unknown {
      const made = before.apply(this, args)
      const { plain, sealed } = of(this)
      note(Buffer.concat(plain), Buffer.concat([...sealed, asBuffer(made, args[0])]))
      return made
    })
    this.#replace(crypto as unknown as Record<'publicEncrypt', Any>, 'publicEncrypt', (before) => (...args) => {
      const made = before(...args)
      note(asBuffer(args[1], undefined), made as Buffer)
      return made
    })
    const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle) as Record<'encrypt', Any>
    this.#replace(subtle, 'encrypt', (before) => async function (this: object, ...args: unknown[]): Promise<unknown> {
      const plain = asBuffer(args[2], undefined)
      const made = await before.apply(this, args)
      const sealed = Buffer.from(made as ArrayBuffer)
      // Behind the ciphertext of AES-GCM stands its tag, which formats such as JWE keep apart.
      note(plain, (args[0] as { name?: string }).name === 'AES-GCM' ? sealed.subarray(0, plain.length) : sealed)
      return made
    })
  }

  #writes(): void {
    const told = (target: unknown, content: unknown): boolean => {
      if (doerNow() === runtime) return false
      const bytes = asBuffer(content, undefined)
      const out = target === 1 || target === 2
      this.#witness?.add(out ? 'log' : 'file', out ? 'written past the redactor' : 'content', bytes)
      if (!out && typeof target === 'string') this.#witness?.add('file', 'name', target)
      if (out && /"_aws"\s*:/.test(bytes.toString())) this.#witness?.add('metric', 'embedded in a line', bytes)
      return out
    }
    type Any = (...args: unknown[]) => unknown
    const all = fs as unknown as Record<string, Any>
    this.#replace(all, 'writeSync', (before) => (...args) => told(args[0], args[1]) ? asBuffer(args[1], undefined).length : before?.(...args))
    this.#replace(all, 'write', (before) => (...args) => {
      if (!told(args[0], args[1])) return before?.(...args)
      const done = args.at(-1)
      if (typeof done === 'function') setImmediate(() => { (done as Any)(null, asBuffer(args[1], undefined).length, args[1]) })
      return undefined
    })
    for (const name of ['writeFileSync', 'appendFileSync', 'writeFile', 'appendFile']) {
      this.#replace(all, name, (before) => (...args) => {
        told(args[0], args[1])
        return before?.(...args)
      })
    }
    const promised = fs.promises as unknown as Record<string, Any>
    for (const name of ['writeFile', 'appendFile']) {
      this.#replace(promised, name, (before) => (...args) => {
        told(args[0], args[1])
        return before?.(...args)
      })
    }
  }

  #network(): void {
    this.#replace(globalThis, 'fetch', () => async (...args: Parameters<typeof fetch>) => {
      const request = new Request(...args)
      const path = new URL(request.url).pathname
      const [, kind] = /\/v1\/(traces|metrics|logs)$/.exec(path) ?? []
      const surface = kind === 'traces' ? 'trace' : kind === 'metrics' ? 'metric' : kind === 'logs' ? 'log' : 'network'
      this.#witness?.add(surface, 'address', request.url)
      for (const [name, value] of request.headers) this.#witness?.add(surface, `header ${name}`, value)
      const doer = doerNow()
      this.#witness?.add(surface, 'body', new Uint8Array(await request.arrayBuffer()), doer)
      return new Response('{}', { headers: { 'content-type': 'application/json' } })
    })
    type Any = (...args: unknown[]) => unknown
    const connected = (args: readonly unknown[]): void => {
      const [first] = args.flat()
      const { host = 'localhost', port = '', path } = typeof first === 'object' && first !== null ? first as { host?: string; port?: number | string; path?: string } : { port: String(first), host: typeof args[1] === 'string' ? args[1] : undefined }
      const name = path ?? `${host}:${port}`
      this.#witness?.add('network', 'address', name)
      this.#witness?.connections.push({ label: doerNow().label, host: name })
    }
    this.#replace(net.Socket.prototype as unknown as Record<'connect', Any>, 'connect', () => function (this: net.Socket, ...args) {
      connected(args)
      setImmediate(() => this.destroy(Object.assign(new Error('nothing leaves this machine'), { code: 'ECONNREFUSED' })))
      return this
    })
    this.#replace(dgram.Socket.prototype as unknown as Record<'send', Any>, 'send', () => (...args) => {
      const port = args.find((arg, i) => i > 0 && typeof arg === 'number' && args.length - i <= 3)
      // The daemon of X-Ray listens at this port.
      for (const part of [args[0]].flat()) this.#witness?.add(port === 2000 ? 'trace' : 'network', 'datagram', asBuffer(part, undefined))
      const done = args.at(-1)
      if (typeof done === 'function') setImmediate(() => { (done as Any)(null, 0) })
    })
  }

  /** What is thrown outside of the run becomes a line, as in production, and does not end this process. */
  #crashes(): void {
    const print = (thrown: unknown): void => { console.error(thrown instanceof Error ? thrown : typeof thrown) }
    const silent = ({ name }: Error): void => { console.warn(name) }
    const before = process.rawListeners('warning') as ((warning: Error) => void)[]
    process.removeAllListeners('warning')
    process.on('warning', silent)
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, print)
    this.#undo.push(() => {
      process.off('warning', silent)
      for (const each of before) process.on('warning', each)
      for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.off(event, print)
    })
  }
}

/** A sink of nobody's lines: before a message comes, nothing is printed that concerns one. */
const unheard = () => new Environment({ variables: {}, write: () => undefined }).sink

function asBuffer(value: unknown, encoding: unknown): Buffer {
  if (value === undefined || value === null) return Buffer.alloc(0)
  if (typeof value === 'string') return Buffer.from(value, (typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8'))
  if (ArrayBuffer.isView(value)) return Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  if (value instanceof ArrayBuffer) return Buffer.from(Buffer.from(value))
  return Buffer.from(JSON.stringify(value) ?? '')
}
