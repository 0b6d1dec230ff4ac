/**
 * The gateway process: the HTTP API, the readers of queues and, behind them, the functions, each in processes of its own. Its configuration is in
 * the file named by SALLYPORT_GATEWAY, its orders come by IPC. It ends with its parent, and its functions with it.
 */
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { watchPrincipals } from '../aws/principals.ts'
import { invokeApi } from '../lambda/invoke-api.ts'
import { queueReaders } from '../lambda/queue-readers.ts'
import { supervise } from '../lambda/supervisor.ts'
import type { GatewayConfig, GatewayNotice, GatewayOrder } from './config.ts'
import { gateway } from './server.ts'

const config = JSON.parse(readFileSync(process.env['SALLYPORT_GATEWAY'] ?? '', 'utf8')) as GatewayConfig
const tell = (notice: GatewayNotice): void => { if (process.connected) process.send?.(notice) }

const { api, routes, functions, sources = [], endpoint, extra = {}, log, inspect } = config
const principals = watchPrincipals(config.principals)
// Functions of ours ask others: of the same run.
const invokes = await invokeApi({ region: api.region, account: api.account, principals: (accessKeyId) => principals().get(accessKeyId), invoke: (name, event) => supervisor.invoke(name, event) })
const supervisor = await supervise(functions, { region: api.region, account: api.account, endpoint, invoke: invokes.url, extra, log, ...inspect && { inspect } })
const server = gateway({ api, routes, principals: (accessKeyId) => principals().get(accessKeyId), invoke: (name, event) => supervisor.invoke(name, event) })
const readers = queueReaders({ endpoint, region: api.region, invoke: (name, event) => supervisor.invoke(name, event), note: (note) => tell({ note }) })
readers.replace(sources, functions)
server.on('error', (error: NodeJS.ErrnoException) => tell({ refused: error.code ?? 'error' }))

process.on('message', (order: GatewayOrder) => {
  if ('listen' in order) {
    server.listen(order.listen.port, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }))
    // Not before: by now the keys are made that messages are worked on with.
    readers.start()
    return
  }
  if ('reload' in order) {
    supervisor.replace(order.reload.functions)
    server.replace(order.reload.routes)
    readers.replace(order.reload.sources ?? [], order.reload.functions)
    tell({ reloaded: true })
    return
  }
  const { id, function: name, event } = order.invoke
  supervisor.invoke(name, event).then(
    (outcome) => tell({ invoked: { id, outcome } }),
    (error: Error) => tell({ invoked: { id, outcome: { ok: false, reason: 'init', message: error.message } } }),
  ).catch(() => { /* tell does not throw */ })
})

let ending = false
async function end(): Promise<void> {
  if (ending) return
  ending = true
  setTimeout(() => process.exit(1), 1_000)
  server.close()
  invokes.close()
  server.closeAllConnections()
  readers.stop()
  await supervisor.stop()
  process.exit(0)
}
process.on('SIGTERM', () => void end())
process.on('SIGINT', () => void end())
process.on('disconnect', () => void end())
tell({ ready: true })
