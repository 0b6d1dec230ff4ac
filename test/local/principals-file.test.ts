import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { principalsFile } from '../../local/principals-file.ts'

test('a role has the keys that it was first given, however often its policies are written, and after a restart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
  const file = join(folder, 'principals.json')
  const role = { name: 'a', arn: 'arn:aws:iam::000000000000:role/a', policies: [] }
  try {
    const people = principalsFile(file, '000000000000')
    const first = people.write([role]).roles.get(role.arn)
    expect(first?.accessKeyId).toMatch(/^LKIA[A-Z2-7]{16}$/)
    expect(people.write([role as never]).roles.get(role.arn)).toEqual(first)
    expect(principalsFile(file, '000000000000').write([role as never]).roles.get(role.arn)).toEqual(first)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
