/**
 * What the first of them opens: a text that names no key may be by any that its account holds. It is for what is authenticated.
 * Throws what the last one throws; an Error where there is none.
 */
export async function firstThat<Key, T>([key, ...others]: readonly Key[], opens: (key: Key) => T | Promise<T>): Promise<T> {
  if (key === undefined) throw new Error('no key')
  try {
    return await opens(key)
  } catch (error) {
    if (others.length === 0) throw error
    return firstThat(others, opens)
  }
}
