import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { plainName, type Pipeline, type Realm } from 'sallyport'
import { Usage } from '../usage.ts'
import type { Value } from './mark.ts'

/** A message that a pipeline takes, and what its partners answer where the usual answer does not do. */
export interface Example {
  readonly message: unknown
  /** By partner: the JSON of a good answer. */
  readonly answers: Readonly<Record<string, unknown>>
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    // V8 quotes the input in its message.
    throw new Usage(`${basename(file)} ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'holds no JSON'}`)
  }
}

/** Of the file that was named, or of the pipelines folder. Throws {@link Usage} where there is none. */
export function exampleOf({ name }: Pipeline, folder: string, given: string | undefined): Example {
  const beside = join(folder, `${name}.example.json`)
  if (given === undefined && !existsSync(beside)) {
    throw new Usage(`pipeline ${name} has no example: write a message that it takes to ${name}.example.json beside its file, or name one with --message FILE`)
  }
  const answers = join(folder, `${name}.answers.json`)
  return { message: read(given ?? beside), answers: existsSync(answers) ? read(answers) as Example['answers'] : {} }
}

export const hasExample = ({ name }: Pipeline, folder: string): boolean => existsSync(join(folder, `${name}.example.json`))

/** A place in a message: names, and numbers for items of lists. */
type Place = readonly (string | number)[]

/** A field, by its path as steps name it, and the first place in the message that it stands for. */
export interface Field {
  readonly path: string
  readonly place: Place
  readonly value: Value
}

export const spell = (place: Place): string => place.reduce<string>((path, part) => typeof part === 'number' ? `${path}[*]` : path === '' ? part : `${path}.${part}`, '')

/** Every text and number of a message, in order; of lists the first item that has the field. */
export function fieldsOf(message: unknown): Field[] {
  const found = new Map<string, Field>()
  const walk = (value: unknown, place: Place): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      const path = spell(place)
      if (!found.has(path)) found.set(path, { path, place, value })
    } else if (Array.isArray(value)) value.forEach((item, i) => walk(item, [...place, i]))
    else if (typeof value === 'object' && value !== null) for (const [name, member] of Object.entries(value)) walk(member, [...place, name])
  }
  walk(message, [])
  return [...found.values()]
}

/** Those with a sensitive name on their way, names compared as the log compares them. */
export function sensitiveFields(fields: readonly Field[], realm: Realm, pipeline: Pipeline): Field[] {
  const names = new Set([...realm.sensitive, ...pipeline.sensitive].map(plainName))
  return fields.filter(({ place }) => place.some((part) => typeof part === 'string' && names.has(plainName(part))))
}

/** The field that a user named: `cards[0].pan` and `cards[*].pan` are one. */
export const named = (fields: readonly Field[], path: string): Field | undefined => fields.find((field) => field.path === path.replaceAll(/\[\d+\]/g, '[*]'))

/** A copy of a message with something else at a place. */
export function put(message: unknown, [part, ...rest]: Place, value: unknown): unknown {
  if (part === undefined) return value
  if (Array.isArray(message)) return message.map((item: unknown, i) => i === part ? put(item, rest, value) : item)
  return { ...message as object, [part]: put((message as Record<string, unknown>)[part], rest, value) }
}

/** A copy with one member more in the object at a place; in anything else, as it is. */
export function putInto(message: unknown, place: Place, name: string, value: unknown): unknown {
  const at = place.reduce<unknown>((each, part) => (each as Record<string | number, unknown>)[part], message)
  return typeof at === 'object' && at !== null && !Array.isArray(at) ? put(message, place, { ...at, [name]: value }) : message
}

/** All values at a path of a payload: `[*]` stands for every item. */
export function valuesAt(payload: unknown, path: string): unknown[] {
  let values: unknown[] = [payload]
  for (const part of path.replaceAll('[*]', '.*').split('.').filter((each) => each !== '')) {
    values = values.flatMap((value): unknown[] => {
      if (typeof value !== 'object' || value === null) return []
      if (part === '*') return Array.isArray(value) ? value : []
      return Object.hasOwn(value, part) ? [(value as Record<string, unknown>)[part]] : []
    })
  }
  return values
}
