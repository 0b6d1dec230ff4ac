import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Pipeline } from 'sallyport'
import { beforeAll, describe, expect, test } from 'vitest'
import { mermaid } from '../../cli/diagram.ts'
import { files as initial } from '../../cli/project.ts'
import { verbs } from '../../cli/verbs.ts'
import { guide, projects, readme, root, type Block, type Page } from './pages.ts'

/** What the guide says is done: its files are compiled, its tests run, its commands executed. */
const run = promisify(execFile)
const pages = [readme, ...guide]

/** Verbs that are not executed here, and why. */
const left: Readonly<Record<string, string>> = {
  init: 'test/package runs it in an empty folder', start: 'stays up; test/alone and test/package run it', test: 'the tests of each page are run below',
  cost: 'synthesizes; test/infra holds its numbers', logs: 'needs a run', runs: 'needs a run', accounts: 'needs a run or a deployment', keys: 'needs a run or a deployment',
  doubts: 'needs a run or a deployment', failures: 'needs a run or a deployment', rerun: 'needs a run or a deployment', forget: 'needs a run or a deployment',
  reset: 'empties .local', app: 'is for cdk.json', package: 'is ours', bench: 'is ours', reference: 'is ours',
}

const write = (folder: string, path: string, text: string): void => {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** What a vitest of ours tells its children is not what a shell would. */
const env = Object.fromEntries(Object.entries({ ...process.env, NO_COLOR: '1' }).filter(([name]) => !/^(VITEST|NODE_OPTIONS|INIT_CWD|FORCE_COLOR)/.test(name)))

const isTest = ({ path }: Block): boolean => path?.endsWith('.test.ts') === true
let compiled = ''
let results: { readonly testResults: readonly { readonly name: string; readonly status: string; readonly message: string; readonly assertionResults: readonly { readonly status: string; readonly failureMessages: readonly string[] }[] }[] }

beforeAll(async () => {
  rmSync(projects, { recursive: true, force: true })
  cpSync(join(root, 'functions/pipelines'), join(readme.folder, 'functions/pipelines'), { recursive: true })
  for (const [i, { folder }] of guide.entries()) {
    for (const [path, text] of Object.entries(initial('Payments'))) write(folder, path, text)
    // A later page may write a file anew, as its reader does.
    for (const { blocks } of guide.slice(0, i + 1)) for (const { path, text } of blocks) if (path !== undefined) write(folder, path, text)
  }
  // What is a file of this repository is compared with it by test/docs.test.ts.
  for (const { path, text } of readme.blocks) if (path !== undefined && !existsSync(join(root, path))) write(readme.folder, path, text)
  const config = { ...(JSON.parse(initial('x')['tsconfig.json'] ?? '') as object), include: ['**/*.ts'] }
  write(projects, 'tsconfig.json', JSON.stringify(config))
  compiled = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--pretty', 'false', '-p', projects], { cwd: projects }).then(() => '', ({ stdout }: { stdout: string }) => stdout)
  const tests = pages.flatMap(({ folder, blocks }) => blocks.filter(isTest).map(({ path = '' }) => relative(projects, join(folder, path))))
  const report = join(projects, 'report.json')
  await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--root', projects, '--reporter=json', `--outputFile=${report}`, ...tests], { cwd: projects, env }).catch(() => undefined)
  results = JSON.parse(readFileSync(report, 'utf8')) as typeof results
}, 180_000)

test('there are eleven pages, in README in their order', () => {
  const linked = [...readme.text.matchAll(/^\d+\. \[[^\]]+\]\((docs\/guide\/[\w-]+\.md)\)$/gm)].map(([, file]) => file)
  expect(linked).toStrictEqual(guide.map(({ file }) => file))
  expect(guide).toHaveLength(11)
  for (const [i, { text }] of guide.entries()) {
    const next = guide[i + 1]?.file.replace('docs/guide/', '')
    expect([text.startsWith(`# ${i + 1}. `), next === undefined || text.endsWith(`](${next})\n`)], guide[i]?.file).toStrictEqual([true, true])
  }
})

describe.each(pages.map((page) => [page.file, page] as const))('%s', (_, page: Page) => {
  test('its files are whole, and compile with those of the pages before it', () => {
    for (const { language, path, text } of page.blocks) if (language === 'ts' || language === 'js') expect(path, text).toBeDefined()
    const errors = compiled.split('\n').filter((line) => line.startsWith(`${relative(projects, page.folder)}/`))
    expect(errors).toStrictEqual([])
  })
  test('its tests pass', () => {
    const wanted = page.blocks.filter(isTest).map(({ path = '' }) => join(page.folder, path))
    const found = results.testResults.filter(({ name }) => wanted.includes(name))
    expect(found.map(({ name, status, message, assertionResults }) => [name, status, message, ...assertionResults.flatMap(({ failureMessages }) => failureMessages)])).toStrictEqual(found.map(({ name }) => [name, 'passed', '']))
    expect(found.map(({ name }) => name).sort()).toStrictEqual(wanted.sort())
  })
  test('its commands are there with their options, and print what it shows', async () => {
    for (const { language, text, output } of page.blocks) {
      if (language !== 'sh') continue
      let printed: string[] | undefined
      for (const line of text.replaceAll('\\\n', ' ').split('\n').map((each) => each.replace(/\s+#.*$/, '').trim())) {
        const [, name = '', rest = ''] = /^npx sallyport (\S+)(.*)$/.exec(line) ?? []
        if (name === '') continue
        const verb = verbs[name]
        expect(verb, line).toBeDefined()
        const known = `${verb?.usage} ${verb?.options.map(([option]) => option).join(' ')}`.split(/[\s[\]|…]+/)
        for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(known, line).toContain(option)
        if (Object.hasOwn(left, name)) continue
        const { stdout } = await run(process.execPath, [join(root, 'cli/main.ts'), name, ...rest.trim().split(/\s+/)], { cwd: page === readme ? root : page.folder, env })
        printed = [...printed ?? [], ...stdout.split('\n').map((each) => each.trimEnd())]
      }
      if (printed === undefined) continue
      // What is shown may leave lines out, and keeps their order.
      let from = 0
      for (const shown of (output ?? '').split('\n').map((each) => each.trimEnd()).filter((each) => !['', '…'].includes(each.trim()))) {
        from = printed.indexOf(shown, from) + 1
        expect(from, `${text}prints, in order: ${shown}\n${printed.join('\n')}`).toBeGreaterThan(0)
      }
    }
  }, 120_000)
  test('its diagrams are those of the manifest', async () => {
    for (const { language, text } of page.blocks) {
      // States are nobody's manifest.
      if (language !== 'mermaid' || text.startsWith('stateDiagram')) continue
      const name = /\["([a-z0-9-]+): one invocation"\]/.exec(text)?.[1] ?? ''
      const file = ['pipelines', 'functions/pipelines'].map((folder) => join(page.folder, folder, `${name}.ts`)).find((each) => existsSync(each)) ?? ''
      const { default: pipeline } = await import(file) as { default: Pipeline }
      expect(text.trim()).toBe(mermaid(pipeline))
    }
  })
  test('its links into pages lead to headings', () => {
    for (const [, target = '', anchor = ''] of page.text.matchAll(/\]\(([\w./-]*\.md)#([\w-]+)\)/g)) {
      const headings = [...readFileSync(join(root, page.file, '..', target), 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(/[^\w\s-]/g, '').replaceAll(' ', '-'))
      expect(headings, `${target}#${anchor}`).toContain(anchor)
    }
  })
  test('is short', () => {
    expect(page.text.split('\n').length).toBeLessThanOrEqual(page === readme ? 255 : 130)
  })
})
