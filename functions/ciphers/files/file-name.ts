/** One plain name: no definition reaches out of the working folder. Throws a TypeError that says of which option. */
export function fileName(option: string, name: string): string {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/.test(name)) throw new TypeError(`${option}: write the name of a file in the working folder, letters, digits, dots and hyphens`)
  return name
}
