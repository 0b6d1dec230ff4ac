import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Run } from '../../local/run.ts'
import { signed } from '../../local/signed-fetch.ts'
import type { Loan } from './loans.ts'

/** `201`, `409 DUPLICATE`; `500` where the gateway answered itself; `no answer` where the connection broke. */
export interface Answer {
  readonly said: string
  /** Seconds. */
  readonly retryAfter: number | undefined
}

export interface Door {
  /** Never rejects: no answer is an answer, too. */
  lend(loan: Loan): Promise<Answer>
  /** Anything else that is posted, such as a sealed payment. */
  post(path: string, type: string, body: string): Promise<Answer>
  close(): void
}

/** Milliseconds; API Gateway answers within 30 s. */
const patience = 35_000

/** Sends as the administrator, over connections that stay open: a new one each would cost more than the message. */
export function door(run: () => Run): Door {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  function post(path: string, type: string, body: string): Promise<Answer> {
    const { gateway, aws: { endpoint: _, ...keys } } = run()
    const { headers } = signed(`${gateway}${path}`, { method: 'POST', headers: { 'content-type': type }, body }, { ...keys, service: 'execute-api' })
    return new Promise((resolve) => {
      const lost = (): void => resolve({ said: 'no answer', retryAfter: undefined })
      const sent = request(`${gateway}${path}`, { method: 'POST', agent, timeout: patience, headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) } }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => { text += part })
        response.on('error', lost)
        response.on('end', () => {
          const { code } = text.startsWith('{') ? JSON.parse(text) as { code?: string } : {}
          const after = response.headers['retry-after']
          resolve({ said: code === undefined ? String(response.statusCode) : `${response.statusCode} ${code}`, retryAfter: after === undefined ? undefined : Number(after) })
        })
      })
      sent.on('timeout', () => sent.destroy())
      sent.on('error', lost)
      sent.end(body)
    })
  }
  return { post, lend: (loan) => post('/loan-applications', 'application/json', JSON.stringify(loan)), close: () => agent.destroy() }
}

/** Seconds that an invocation has. */
const invocation = 15
/** Seconds: of the invocation, and the 3 by which clocks may differ. */
export const longestLease = invocation + 3

/**
 * What the ledger may say to one who sends while another one is at work: when to come back. It counts from when the one who asks
 * began, and the other may have begun up to an invocation later and been faster.
 */
export const tellsWhen = ({ said, retryAfter = 0 }: Answer): boolean => said === '409 IN_PROGRESS' && retryAfter >= 1 && retryAfter <= longestLease + invocation

/**
 * Sends again what had no good answer, waiting as long as it is told, until the answer is definite. Gives that, or the first
 * one that must not be: nothing else is wrong with the stack any more, so that nothing but `IN_PROGRESS` is to be waited for.
 */
export async function untilDefinite(door: Door, loan: Loan): Promise<string> {
  // A lease, and the seconds by which `Retry-After` is rounded up.
  const until = Date.now() + (longestLease + 2) * 1_000
  for (;;) {
    const answer = await door.lend(loan)
    if (!tellsWhen(answer)) return answer.said
    if (Date.now() + (answer.retryAfter ?? 0) * 1_000 > until) return `${answer.said} for longer than a lease`
    await pause((answer.retryAfter ?? 0) * 1_000)
  }
}

/** How often each was said. */
export function tally(answers: readonly { readonly said: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { said } of answers) counts[said] = (counts[said] ?? 0) + 1
  return counts
}
export const told = (counts: Readonly<Record<string, number>>): string => Object.entries(counts).map(([said, times]) => `${times} x ${said}`).join(', ')
