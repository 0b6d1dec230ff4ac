import loan from '../functions/pipelines/loan-application.ts'
import payment from '../functions/pipelines/encrypted-payment.ts'
import { drawApplication, drawPayment } from '../local/demonstration.ts'
import { run } from '../testing/index.ts'
import { counted, median, type Row } from './row.ts'

/** Milliseconds of one message in a world of its own: what a test of `sallyport/testing` costs after its imports. */
export async function tests(): Promise<Row[]> {
  const rows: Row[] = []
  for (const [name, pipeline, draw] of [['a loan application', loan, drawApplication], ['a payment', payment, drawPayment]] as const) {
    const times: number[] = []
    for (let round = 0; round < 30; round++) {
      const start = performance.now()
      const { fault } = await run(pipeline, draw())
      times.push(performance.now() - start)
      if (fault !== undefined) throw new Error(`${name} ended with ${fault}`)
    }
    rows.push(counted(`${name} through sallyport/testing, a new world each time`, 'ms', median(times), 50, times.length))
  }
  return rows
}
