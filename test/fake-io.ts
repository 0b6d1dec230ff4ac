import type { Account, Io, KeyPair, Material, PrivateKey } from 'sallyport'

/** An `io` of which a test gives the doors it means to open; every other one throws. */
export function fakeIo(doors: Partial<Io> = {}): Io {
  return new Proxy(doors as Io, {
    get(target, door) {
      if (door in target) return Reflect.get(target, door) as unknown
      throw new Error(`io.${String(door)} was not expected here`)
    },
  })
}

/** Private keys by their kid. */
export const keyRing = (keys: Readonly<Record<string, PrivateKey>>): Partial<Io> => ({
  privateKey: (_pair: KeyPair, kid: string) => Promise.resolve(Object.hasOwn(keys, kid) ? keys[kid] : undefined),
})

/** Secrets by account name, read as the account's type reads them. */
export const secrets = (texts: Readonly<Record<string, string>>): Partial<Io> => ({
  material: <Content>(account: Account<Material<string, Content>>) => Promise.resolve(account.how.read(texts[account.name] ?? '')),
})
