import { existsSync, readFileSync } from 'node:fs'
import type { JsonWebKey } from 'node:crypto'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { PartnersConfig, PartnersNotice, PartnersOrder, Started } from './partners/config.ts'
import type { Mode } from './partners/mode.ts'
import { writeWhole } from './write-whole.ts'

/** The partners, in a process of their own. */
export interface PartnersProcess {
  readonly started: readonly Started[]
  /** By Public Key account: the half that its owner gave us, and whether the pair is new. */
  readonly keys: Readonly<Record<string, { readonly publicKey: JsonWebKey; readonly fresh: boolean }>>
  /** The account name to the origin that the stage `local` is synthesized with. */
  readonly origins: Readonly<Record<string, string>>
  learn(name: string, headers: Readonly<Record<string, string>>): Promise<void>
  behave(name: string, mode: Mode): Promise<void>
  stop(): Promise<void>
}

export async function startPartners({ dir, partners, keys, failed }: {
  readonly dir: string
  readonly partners: readonly { readonly name: string; readonly publishes: string | undefined }[]
  readonly keys: readonly string[]
  readonly failed: (why: string) => void
}): Promise<PartnersProcess> {
  const folder = join(dir, 'partners')
  const memory = join(dir, 'ports.json')
  const ports = existsSync(memory) ? JSON.parse(readFileSync(memory, 'utf8')) as Record<string, number> : {}
  // The same port as last time, if it is free: origins are part of the bundles, which then need not change.
  const config: PartnersConfig = { folder, keys, partners: partners.map((partner) => ({ ...partner, port: ports[partner.name] })) }
  const waiting = new Map<number, { resolve(): void; reject(error: Error): void }>()
  let count = 0
  const child = await startChild<PartnersOrder, PartnersNotice>({
    title: 'the partners', script: 'partners/main', env: { SALLYPORT_PARTNERS: JSON.stringify(config) }, output: join(dir, 'processes.log'),
    notice(notice) {
      if ('done' in notice) waiting.get(notice.done)?.resolve()
      if ('failed' in notice) waiting.get(notice.failed)?.reject(new Error(notice.why))
    },
    gone: (how) => failed(`the process of the partners has ended (${how})`),
  })
  if (!('started' in child.first)) throw new Error('the partners did not start')
  const { started, keys: made } = child.first
  writeWhole(memory, JSON.stringify(Object.fromEntries(started.map(({ name, port }) => [name, port]))))
  const order = (what: { learn: { name: string; headers: Readonly<Record<string, string>> } } | { behave: { name: string; mode: Mode } }): Promise<void> => new Promise((resolve, reject) => {
    const id = ++count
    waiting.set(id, { resolve, reject })
    child.send({ id, ...what })
  })
  return {
    started, keys: made,
    origins: Object.fromEntries(started.map(({ name, port }) => [name, `http://127.0.0.1:${port}`])),
    learn: (name, headers) => order({ learn: { name, headers } }),
    behave: (name, mode) => order({ behave: { name, mode } }),
    stop: () => child.stop(),
  }
}
