import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { inTurn } from '../../../functions/hashes/parts/in-turn.ts'
import { fakeIo } from '../../fake-io.ts'

const at = (path: string): string => new URL(`../../../${path}`, import.meta.url).pathname

// In a process of its own, where the peak is that of nothing else. Each of both takes 128 MiB, the most that is allowed.
test('a key from a passphrase and a hash of a password, started together, take the memory of one', () => {
  const program = `import { account } from 'sallyport'
    import { passphrase } from '${at('functions/accounts/passphrase.ts')}'
    import { pbe } from '${at('functions/ciphers/pbe.ts')}'
    import { argon2id } from '${at('functions/hashes/argon2id.ts')}'
    const content = passphrase().read('{"passphrase":"correct horse battery staple"}')
    const io = { id: 'one', pipeline: 'both', now: () => 0, deadline: 1, material: () => Promise.resolve(content) }
    const peak = () => process.resourceUsage().maxRSS
    const before = peak()
    const text = Buffer.from('078-05-1120')
    const [{ sealed }, hash] = await Promise.all([pbe({ passphrase: account('words', passphrase()), cost: 17 }).seal(text, io), argon2id({ memory: 131_072, passes: 2 }).run(text, io)])
    console.log(JSON.stringify([sealed.slice(0, 6), hash.slice(0, 30), Math.round((peak() - before) / 1_024)]))`
  const [sealed, hash, mebibytes] = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: at(''), encoding: 'utf8' })) as [string, string, number]
  // Both were at work: version 3, scrypt of N = 2^17, r = 8 and p = 1; and the cost of the hash.
  expect(Buffer.from(sealed, 'base64url').toString('hex')).toBe('03011108')
  expect(hash).toBe('$argon2id$v=19$m=131072,t=2,p=')
  expect(mebibytes).toBeGreaterThan(120)
  expect(mebibytes).toBeLessThan(192)
})

test('none begins at the deadline or after it, and the next one has its turn all the same', async () => {
  const begun: number[] = []
  const work = (now: number, deadline: number): Promise<number> => inTurn(fakeIo({ now: () => now, deadline }), () => Promise.resolve(begun.push(now)))
  const all = await Promise.allSettled([work(4, 5), work(5, 5), work(6, 5), work(7, 9)])
  expect(all.map((each) => each.status === 'fulfilled' ? 'done' : (each.reason as { code: string }).code)).toStrictEqual(['done', 'OUT_OF_TIME', 'OUT_OF_TIME', 'done'])
  expect(begun).toStrictEqual([4, 7])
})
