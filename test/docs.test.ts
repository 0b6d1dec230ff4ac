import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { faults } from 'sallyport'
import * as steps from 'sallyport/steps'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const documents = ['README.md', 'SECURITY.md', 'docs/runbook.md', 'docs/reference.md', ...['docs/decisions', 'docs/guide'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))]

test('the table of steps in README is the list of steps', () => {
  const table = [...readme.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name)
  expect(new Set(table)).toStrictEqual(new Set(Object.keys(steps)))
})

test('the pipeline in README is the pipeline of the file', () => {
  const shown = /```ts\n\/\/ functions\/pipelines\/loan-application\.ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const file = readFileSync(join(root, 'functions/pipelines/loan-application.ts'), 'utf8')
  expect(shown).toBe(file.slice(file.indexOf('export default')))
})

test('every command of README is a script or a well-known one, and every file that a document links to is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  for (const [, name = ''] of readme.matchAll(/npm run (?:--silent )?([a-z]+)/g)) expect(Object.keys(scripts)).toContain(name)
  for (const document of documents) {
    const text = readFileSync(join(root, document), 'utf8')
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) expect(existsSync(join(root, document, '..', target)), `${document} links to ${target}`).toBe(true)
    for (const [, target = ''] of text.matchAll(/`((?:layers|functions|infra|local|cli|test|bench|docs)\/[\w./-]+)`/g)) expect(existsSync(join(root, target)), `${document} names ${target}`).toBe(true)
    if (document === 'docs/reference.md') continue
    for (const [, code = ''] of text.matchAll(/`([A-Z]+_[A-Z_]+)`/g)) if (Object.keys(faults).some((known) => known.split('_')[0] === code.split('_')[0])) expect(Object.keys(faults), `${document} names the fault ${code}`).toContain(code)
  }
})
