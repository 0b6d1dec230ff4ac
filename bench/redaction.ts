import { Redactor } from '../layers/runtime/redact.ts'
import { compared, median, type Row } from './row.ts'

/** A log line of 2 KB with five sensitive names at several depths, as a pipeline would log a payload. */
const fields = {
  time: '2026-11-22T10:00:00.000Z', pipeline: 'loan-application', applicationId: 'ln-7Qm4x9Kd2v',
  applicant: { name: 'Ada Lovelace', ssn: '078-05-1120', contacts: [{ email: 'ada@example.org', kind: 'home' }, { email: 'a.l@example.com', kind: 'work' }], birthDate: '1985-12-10' },
  history: Array.from({ length: 16 }, (_, i) => ({ id: `h${i}`, kind: 'instalment', paid: i % 3 !== 0, amount: 125.5 + i, note: 'paid in full and on the day, by transfer' })),
  employer: { title: 'Analytical Engines Ltd', references: [{ pan: '4111111111111111', text: 'kept by the office' }] },
  consent: { terms: true, marketing: false, version: 'v12', channel: 'branch office in the town, by hand' },
}

/** The redactor against `JSON.stringify` alone. */
export async function redaction(): Promise<Row[]> {
  const redactor = new Redactor(['name', 'ssn', 'email', 'birthDate', 'pan'])
  const cost = (run: () => string): number => {
    const start = process.hrtime.bigint()
    for (let i = 0; i < 5_000; i++) run()
    return Number(process.hrtime.bigint() - start) / 5_000_000
  }
  const ours = () => redactor.forInvocation().line(fields)
  const plain = () => JSON.stringify(fields)
  const masked = ours()
  if (['Ada', '078', 'ada@', '1985', '4111'].some((value) => masked.includes(value))) throw new Error('the line is not redacted')
  cost(ours)
  cost(plain)
  const pairs = Array.from({ length: 31 }, (_, i) => i % 2 === 0 ? [cost(ours), cost(plain)] as const : [cost(plain), cost(ours)].reverse() as [number, number])
  return [compared(`log line of ${plain().length} bytes, redacted`, 'µs', {
    measured: median(pairs.map(([a]) => a)), baseline: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)), samples: pairs.length,
  }, 2)]
}
