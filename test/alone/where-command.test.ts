import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { command } from '../../cli/command.ts'

const leaky = fileURLToPath(new URL('../cli/where/leaky', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sallyport-where-'))
afterAll(() => { rmSync(folder, { recursive: true }) })

/** The command in this process, with what it wrote. */
async function where(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) vi.spyOn(process[name], 'write').mockImplementation((text) => { said[name] += String(text); return true })
  try {
    return { status: await command(['where', ...args]), ...said }
  } finally {
    vi.restoreAllMocks()
  }
}

interface Json {
  readonly passes: boolean
  readonly pipelines: readonly { readonly pipeline: string; readonly unreached: readonly string[]; readonly fields: readonly { readonly field: string; readonly leaks: boolean; readonly surfaces: readonly { readonly surface: string; readonly status: string; readonly step?: string }[] }[] }[]
}

describe('the examples of this repository', () => {
  test('show every sensitive field only where they say so', async () => {
    const { status, stdout } = await where('--all', '--json')
    const { passes, pipelines } = JSON.parse(stdout) as Json
    expect({ status, passes, unreached: pipelines.flatMap(({ unreached }) => unreached) }).toStrictEqual({ status: 0, passes: true, unreached: [] })
    expect(pipelines.map(({ pipeline, fields }) => [pipeline, fields.map(({ field }) => field)])).toStrictEqual([
      ['encrypted-payment', ['card.number', 'card.expiry', 'card.cvv', 'payer.name', 'payer.nationalId']],
      ['loan-application', ['applicant.name', 'applicant.ssn', 'applicant.email', 'applicant.birthDate']],
    ])
    const surfaces = (field: string) => pipelines.flatMap(({ fields }) => fields).find((each) => each.field === field)?.surfaces
    const has = (field: string, surface: string, status: string, step?: string) => expect(surfaces(field)).toContainEqual(expect.objectContaining({ surface, status, ...step !== undefined && { step } }))
    has('applicant.ssn', 'table ledger', 'digest', '4 deduplicate')
    has('applicant.ssn', 'partner loan-origination', 'digest', '6 call')
    for (const field of ['applicant.ssn', 'card.number', 'card.cvv', 'applicant.name']) for (const surface of ['log', 'metric', 'trace', 'error', 'reply', 'queue', 'environment']) has(field, surface, 'absent')
    has('card.number', 'partner acquirer', 'sealed', '6 call')
    has('card.cvv', 'partner acquirer', 'absent')
  })
  test('as a table, plain where it is piped', async () => {
    const { status, stdout } = await where('applicant.ssn')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^loan-application: applicant\.ssn\nsurface +what +step +how\nlog +absent\n/)
    expect(stdout).toMatch(/\npartner loan-origination +digest +6 call +body, keyed digest \(hash\)\n/)
    expect(stdout).toMatch(/\nreadable nowhere\n/)
    expect(stdout).not.toContain('\u001B')
  })
})

describe('a pipeline that leaks', () => {
  test('is exit code 1, with surface, step and encoding, and never the value', async () => {
    const picture = join(folder, 'flow.svg')
    const { status, stdout, stderr } = await where('card.number', 'card.cvv', '--pipelines', leaky, '--svg', picture)
    expect(status).toBe(1)
    expect(stderr).toBe('refunds has no refunds.example.json beside its file, and is not looked at\n')
    expect(stdout).toMatch(/\nlog +READABLE +2 archive +line, gzip in base64; first seen: good path\n/)
    expect(stdout).toMatch(/\npartner shop +READABLE +3 call +body; first seen: good path\n/)
    expect(stdout).toMatch(/READABLE where the definition does not say so: log \(2 archive\), partner shop \(3 call\)/)
    expect(stdout).not.toMatch(/\d{12}|738|H4sI/)

    const drawn = readFileSync(picture, 'utf8')
    expect(elements(drawn)).toContain('marker')
    for (const word of ['sender', '2 archive', '3 call', 'partner shop', 'log', 'READABLE, declared', 'sealed', 'digest', 'absent']) expect(drawn).toContain(`>${word}<`)
    expect(drawn).not.toMatch(/<script|href|NaN|undefined/)
  })
  test('as Markdown, and with a message of one\'s own', async () => {
    const message = join(folder, 'message.json')
    writeFileSync(message, JSON.stringify({ orderId: 'o-2', card: { number: '5555555555554444', cvv: '114' } }))
    const { status, stdout } = await where('card.number', '--pipelines', leaky, '--pipeline', 'orders', '--message', message, '--markdown')
    expect(status).toBe(1)
    expect(stdout).toMatch(/^### orders: `card\.number`\n\n\*\*READABLE/)
    expect(stdout).toContain('| surface | what | step | how |\n| --- | --- | --- | --- |\n')
    expect(stdout).toMatch(/\| log \| \*\*READABLE\*\* \| 2 archive \|/)
  })
})

describe('bad input is exit code 2, with a sentence', () => {
  test.each([
    [[], 'name fields, as applicant.ssn, or --all'], [['applicant.ssn', '--all'], 'name fields, as applicant.ssn, or --all'], [['a', '--json', '--markdown'], 'not both'],
    [['applicant.sn'], 'no example has a text or number applicant.sn; there are in encrypted-payment paymentId, amount, currency, card.number'],
    [['a', '--pipeline', 'none'], 'there is no pipeline none'], [['a', '--message', 'x.json'], 'name it with --pipeline NAME'],
    [['a', '--pipeline', 'loan-application', '--message', 'x.json'], 'x.json is not there'],
    [['--all', '--pipelines', leaky], 'pipeline refunds has no example: write a message that it takes to refunds.example.json beside its file'],
  ])('%j', async (args, sentence) => {
    const { status, stdout, stderr } = await where(...args)
    expect({ status, stdout }).toStrictEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(sentence)
  })
  test('an example that the pipeline refuses, without a word of it', async () => {
    const message = join(folder, 'refused.json')
    writeFileSync(message, JSON.stringify({ orderId: 'o-2', card: { number: '5555555555554445', cvv: '114' } }))
    const { status, stderr } = await where('card.cvv', '--pipelines', leaky, '--pipeline', 'orders', '--message', message)
    expect([status, stderr.split('\n')[0]]).toStrictEqual([2, 'the example of orders is answered 422: it must be a message that the pipeline takes'])
  })
})

/** Names of the elements of an XML document. Throws for one that is not well-formed. */
function elements(xml: string): string[] {
  const names: string[] = []
  const open: string[] = []
  const rest = xml.replace(/^<\?xml [^?]*\?>\n/, '').replaceAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<&]*")*)(\/?)>|&(?:#\d+|amp|lt|gt|quot);/g, (_, closing?: string, name?: string, __?: string, empty?: string) => {
    if (name === undefined) return ''
    if (closing === '/') expect(open.pop()).toBe(name)
    else {
      names.push(name)
      if (empty !== '/') open.push(name)
    }
    return ''
  })
  expect(rest).not.toMatch(/[<>&]/)
  expect(open).toStrictEqual([])
  return names
}
