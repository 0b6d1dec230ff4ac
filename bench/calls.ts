import { randomInt, randomUUID } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drawPayment, seal } from '../local/demonstration.ts'
import { signed } from '../local/signed-fetch.ts'
import { startStack, type Stack } from '../local/stack.ts'
import { counted, type Row } from './row.ts'

const examples = fileURLToPath(new URL('../functions/pipelines', import.meta.url))

async function post({ gateway, run }: Stack, path: string, type: string, body: string): Promise<number> {
  const url = `${gateway}${path}`
  const response = await fetch(url, signed(url, { method: 'POST', headers: { 'content-type': type }, body }, { ...run.aws, service: 'execute-api' }))
  await response.arrayBuffer()
  return response.status
}
const pay = async (stack: Stack): Promise<void> => {
  if (await post(stack, '/payments', 'application/jose', await seal(stack.gateway, drawPayment())) !== 202) throw new Error('a payment was not accepted')
}
const lend = async (stack: Stack): Promise<void> => {
  const ssn = `9${String(randomInt(1e8)).padStart(8, '0')}`
  const loan = { applicationId: `app-${randomUUID()}`, applicant: { name: 'Ada', ssn, email: 'ada@example.org', birthDate: '1985-12-10' }, amount: 1, income: 1 }
  if (await post(stack, '/loan-applications', 'application/json', JSON.stringify(loan)) !== 201) throw new Error('an application was not accepted')
}

/** AWS calls of one message when every environment is warm, by service. */
async function perMessage(stack: Stack, send: (stack: Stack) => Promise<void>): Promise<Readonly<Record<string, number>>> {
  for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 8 }, () => send(stack)))
  const messages = 10
  const before = readFileSync(stack.callsFile).length
  for (let i = 0; i < messages; i++) await send(stack)
  await after(200)
  const count: Record<string, number> = {}
  for (const line of readFileSync(stack.callsFile).subarray(before).toString().split('\n').filter(Boolean)) {
    const { service, operation } = JSON.parse(line) as { service: string; operation: string }
    const what = service !== 'dynamodb' ? service : /Put|Update|Delete|Transact/.test(operation) ? 'writes' : 'reads'
    count[what] = (count[what] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(count).map(([what, calls]) => [what, calls / messages]))
}

/** Messages a second through gateway, function processes and stand-ins, all on this machine. */
async function throughput(stack: Stack): Promise<number> {
  const until = performance.now() + 5_000
  let sent = 0
  await Promise.all(Array.from({ length: 16 }, async () => {
    while (performance.now() < until) {
      await lend(stack)
      sent++
    }
  }))
  return sent / 5
}

const rows = (name: string, count: Readonly<Record<string, number>>, kms: number): Row[] => [
  counted(`${name}: KMS calls`, 'per message', count['kms'] ?? 0, kms, 10),
  counted(`${name}: DynamoDB writes`, 'per message', count['writes'] ?? 0, 2, 10),
  counted(`${name}: DynamoDB reads`, 'per message', count['reads'] ?? 0, 0, 10),
  counted(`${name}: Secrets Manager calls`, 'per message', count['secretsmanager'] ?? 0, 0, 10),
]

/** On two running stacks: the examples as they are, and with their key pair in custody hsm. */
export async function calls(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  try {
    const found: Row[] = []
    const wrapped = await startStack({ dir: join(folder, 'wrapped'), port: 0 })
    try {
      found.push(...rows('payment, wrapped', await perMessage(wrapped, pay), 0), ...rows('loan', await perMessage(wrapped, lend), 0))
      found.push(counted('HTTP throughput of the local stack, loans', 'messages/s', await throughput(wrapped), null))
    } finally {
      await wrapped.stop()
    }
    const pipelines = join(folder, 'pipelines')
    mkdirSync(pipelines)
    cpSync(examples, pipelines, { recursive: true })
    writeFileSync(join(pipelines, 'realm.ts'), readFileSync(join(examples, 'realm.ts'), 'utf8').replace("custody: 'wrapped'", "custody: 'hsm'"))
    const hsm = await startStack({ dir: join(folder, 'hsm'), pipelines, port: 0 })
    try {
      found.push(...rows('payment, hsm', await perMessage(hsm, pay), 1))
    } finally {
      await hsm.stop()
    }
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
