import { named } from './resource.ts'
import type { HashKey } from './keys.ts'

/** A named change of text before it is digested. It has a name because the manifest must show it: another one is another digest. */
export interface Normalizer {
  readonly name: string
  readonly run: (text: string) => string
}

/** Nine digits stay nine digits however they were written: everything else goes. */
export const digits: Normalizer = { name: 'digits', run: (text) => text.replace(/\D/g, '') }
/** White space around it goes. */
export const trim: Normalizer = { name: 'trim', run: (text) => text.trim() }
/** Trimmed, lower case, Unicode NFC: 'Ada@Example.org ' and 'ada@example.org' are one. */
export const lowerCase: Normalizer = { name: 'lower-case', run: (text) => text.trim().normalize('NFC').toLowerCase() }
/** As it is written. */
export const exact: Normalizer = { name: 'exact', run: (text) => text }

/** No key: anybody can try all values. Refused at synth for what is sensitive. */
export interface Unkeyed { readonly kind: 'unkeyed'; readonly why: string }
/** No key, and the sentence that says why: it stands in the manifest. Throws a TypeError where there is none. */
export function unkeyed(why: string): Unkeyed {
  if (why.trim().length < 10) throw new TypeError('unkeyed: say in a sentence why a digest that anybody can compute is right here')
  return { kind: 'unkeyed', why }
}

/** A kind of identifier: how it is brought to one spelling, and under which key it is digested. */
export interface Identifier<Name extends string = string> {
  readonly kind: 'identifier'
  readonly name: Name
  readonly key: HashKey | Unkeyed
  readonly normalize: Normalizer
}

/** An identifier by its name. Throws a TypeError for a name that cannot be, and where it has no key. */
export const identifier = <Name extends string>(name: Name, { key, normalize = exact }: { readonly key: HashKey | Unkeyed; readonly normalize?: Normalizer }): Identifier<Name> => {
  named('identifier', name)
  if (key?.kind !== 'hash-key' && key?.kind !== 'unkeyed') throw new TypeError(`identifier ${name}: give it a key, as hashKey('identity')`)
  return { kind: 'identifier', name, key, normalize }
}
