import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realm as realmOf, type Pipeline } from 'sallyport'
import { Capture } from '../../cli/where/capture.ts'
import { check, passes, type Report } from '../../cli/where/check.ts'
import { fieldsOf, named } from '../../cli/where/example.ts'
import { isLeak, type Row } from '../../cli/where/judge.ts'
import { markdown, page, plain } from '../../cli/where/report.ts'
import { svg } from '../../cli/where/svg.ts'
import { allClean, clean, example, kept, leaks, replying, revealing, shyOnce, storing } from '../cli/where/leaks.ts'

let capture: Capture
beforeAll(() => { capture = new Capture() })
afterAll(() => { capture.release() })

const fields = fieldsOf(example)
const where = (pipeline: Pipeline, ...paths: readonly string[]): Promise<Report> =>
  check({ pipeline, realm: realmOf(), example: { message: example, answers: {} } }, (paths.length > 0 ? paths : ['person.ssn']).map((path) => named(fields, path) as never), capture)
const leaking = ({ fields: [first] }: Report): Row[] => first?.rows.filter(isLeak) ?? []

describe('what a step shows is found, with its place and the step', () => {
  test.each(Object.entries(leaks))('%s', async (_, { pipeline, surface, how, step }) => {
    const report = await where(pipeline)
    expect(leaking(report)).toContainEqual(expect.objectContaining({ surface, step, how: expect.stringContaining(how ?? '') as string }))
    expect(passes(report)).toBe(false)
  })
  test('though one run does not show it', async () => {
    expect(leaking(await where(shyOnce()))).toMatchObject([{ surface: 'log', step: '2 log', how: 'line' }])
  })
})

describe('what shows nothing is clean', () => {
  const readable = ({ fields: found }: Report) => found.flatMap(({ rows }) => rows.filter(({ status }) => status === 'READABLE'))
  test.each(Object.entries(clean))('%s', async (_, pipeline) => {
    const report = await where(pipeline, 'person.ssn', 'person.pin')
    expect(readable(report)).toStrictEqual([])
    expect(passes(report)).toBe(true)
  })
  test('twenty times', async () => {
    for (let run = 0; run < 20; run++) expect(readable(await where(allClean, 'person.ssn', 'person.pin'))).toStrictEqual([])
  })
})

describe('what is sealed, or digested under a key, is told as such', () => {
  test.each(Object.entries(kept))('%s', async (_, { pipeline, surface, status }) => {
    const { fields: [ssn] } = await where(pipeline)
    expect(ssn).toMatchObject({ leaks: false })
    expect(ssn?.rows).toContainEqual(expect.objectContaining({ surface, status, step: expect.stringMatching(/^2 /) as string }))
  })
  test('but what stands beside it in a table is readable, and declared', async () => {
    const { fields: [ssn, name] } = await where(storing(['person.name']), 'person.ssn', 'person.name')
    expect(ssn?.rows.filter(({ status }) => status === 'READABLE')).toStrictEqual([])
    expect(name?.rows.filter(({ status }) => status === 'READABLE')).toMatchObject([{ surface: 'table store-people', declared: true, step: '2 store' }])
  })
})

describe('what the definition says', () => {
  test('makes readable at a partner what is named, and nothing else', async () => {
    const { fields: [ssn, name] } = await where(revealing(['person.name']), 'person.ssn', 'person.name')
    expect(ssn?.rows.filter(isLeak)).toMatchObject([{ surface: 'partner bureau', step: '2 call', how: 'body' }])
    expect(name).toMatchObject({ leaks: false, rows: expect.arrayContaining([expect.objectContaining({ surface: 'partner bureau', status: 'READABLE', declared: true })]) as Row[] })
    expect(passes(await where(revealing(['person.ssn'])))).toBe(true)
  })
  test('is asked of a reply, too', async () => {
    expect(leaking(await where(replying()))).toMatchObject([{ surface: 'reply', step: '2 transform', how: 'body' }])
    expect(passes(await where(replying(['person.ssn'])))).toBe(true)
    expect(passes(await where(replying(['person.pin'])))).toBe(false)
  })
})

test('numbers and short values are found as whole words', async () => {
  const { fields: found } = await where(leaks['a body']?.pipeline as Pipeline, 'person.age', 'person.pin', 'id')
  expect(found.map(({ rows }) => rows.filter(isLeak).map(({ surface }) => surface))).toStrictEqual([['partner bureau'], ['partner bureau'], ['partner bureau']])
})

test('a connection of its own fails the check, whatever it would send', async () => {
  const report = await where(leaks['the name of a host']?.pipeline as Pipeline, 'person.pin')
  expect(report).toMatchObject({ connecting: ['2 own'], fields: [{ leaks: false }] })
  expect(passes(report)).toBe(false)
})

test('no output holds the value or a mark', async () => {
  const reports: Report[] = []
  for (const name of ['a body', 'a variable', 'the name of a host', 'a key of an object', 'the paths of a fault']) reports.push(await where(leaks[name]?.pipeline as Pipeline))
  const output = [...reports.flatMap((report) => [page(report), markdown(report), JSON.stringify(plain(report))]), svg(reports)].join('\n')
  expect(output).not.toMatch(/\d{3}-?\d\d-?\d{4}/)
  expect(output).not.toContain('900')
})
