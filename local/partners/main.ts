/** The process of the partners: one HTTP server each. Configuration in SALLYPORT_PARTNERS, orders by IPC; it ends with its parent. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PartnersConfig, PartnersNotice, PartnersOrder } from './config.ts'
import { startPartner, type Partner } from './partner.ts'
import { publicHalf, readingKey } from './reading-key.ts'

const { folder, partners, keys } = JSON.parse(process.env['SALLYPORT_PARTNERS'] ?? '') as PartnersConfig
const tell = (notice: PartnersNotice): void => { if (process.connected) process.send?.(notice) }
process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))
process.on('disconnect', () => process.exit(0))

mkdirSync(folder, { recursive: true, mode: 0o700 })
const made = Object.fromEntries(await Promise.all(keys.map(async (account) => {
  const file = join(folder, `${account}.key.json`)
  const fresh = !existsSync(file)
  return [account, { publicKey: publicHalf(await readingKey(file, account)), fresh }] as const
})))
const running = new Map<string, Partner>()
for (const { name, port, publishes: path } of partners) {
  const publishes = path === undefined ? undefined : { path, keys: [made[name]?.publicKey] }
  running.set(name, await startPartner({ name, folder, port, publishes }))
}

async function obey(order: PartnersOrder): Promise<void> {
  const { name } = 'learn' in order ? order.learn : order.behave
  const partner = running.get(name)
  if (partner === undefined) throw new Error(`there is no partner ${name}`)
  if ('learn' in order) partner.learn(order.learn.headers)
  else await partner.behave(order.behave.mode)
}

process.on('message', (order: PartnersOrder) => {
  obey(order).then(() => tell({ done: order.id }), (error: Error) => tell({ failed: order.id, why: error.message }))
})
tell({ started: [...running.values()].map((partner) => ({ name: partner.name, port: partner.port, received: partner.received, hasCredential: partner.hasCredential() })), keys: made })
