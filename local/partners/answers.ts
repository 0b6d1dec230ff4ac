import { randomUUID } from 'node:crypto'

type Answer = () => object

/** What the partners of the examples say when they have done something. */
const answers: Readonly<Record<string, Answer>> = {
  'acquirer POST /authorizations': () => ({ authorizationId: randomUUID() }),
  'loan-origination POST /applications': () => ({ loanId: randomUUID() }),
}

/** Any other partner hands back what it understood, with an id. */
function echo(body: Buffer): object {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, id: randomUUID() } : { id: randomUUID() }
  } catch {
    return { id: randomUUID() }
  }
}

export function answerOf(partner: string, method: string, path: string, body: Buffer): object {
  const key = `${partner} ${method} ${path}`
  return (Object.hasOwn(answers, key) ? answers[key]?.() : undefined) ?? echo(body)
}
