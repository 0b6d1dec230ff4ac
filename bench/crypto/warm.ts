import type { Account, Io, Material } from 'sallyport'

/** An `io` whose accounts were read before, as those of a warm environment were. */
export function warm(secrets: Readonly<Record<string, object>>, doors: Partial<Io> = {}): Io {
  const read = new Map<string, Promise<unknown>>()
  return {
    id: 'bench', pipeline: 'bench', deadline: Infinity, now: () => 0,
    material<Content>({ name, how }: Account<Material<string, Content>>): Promise<Content> {
      let content = read.get(name) as Promise<Content> | undefined
      if (content === undefined) read.set(name, content = Promise.resolve(how.read(JSON.stringify(secrets[name]))))
      return content
    },
    ...doors,
  } as Io
}
