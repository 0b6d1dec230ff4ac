import { Usage } from './usage.ts'

/** A pipeline as text: its file, an example of what it takes, and its test. */
export interface Draft {
  readonly code: string
  readonly example: string
  readonly test: string
}

/** What a step word adds to the file. */
interface Part {
  readonly step: string
  readonly code: string
  /** Names imported, by the subpath of the package. */
  readonly imports?: Readonly<Record<string, readonly string[]>>
  /** Constants above the pipeline, by name. */
  readonly constants?: Readonly<Record<string, string>>
}

const camel = (name: string): string => name.replaceAll(/[-.\s]+(\w)/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string): string => camel(name).replace(/^./, (letter) => letter.toUpperCase())
const kebab = (name: string): string => name.replaceAll(/[._]/g, '-').replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()

const fieldName = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/
const accountName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

const accountCode = (name: string): string => `/** Where it is stands here, reviewed. Its credential: npx sallyport accounts put ${name}. */
const ${camel(name)} = account('${name}', apiKey({
  origin: { dev: 'https://dev.${name}.example', prod: 'https://${name}.example' },
  idempotency: { hours: 24 },
}))`

/** The words after the trigger, each `step` or `step:what`. `once` is the field that identifies a message. */
const parts: Readonly<Record<string, (what: string, around: { readonly schema: string; readonly once: string | undefined; readonly id: string | undefined }) => Part>> = {
  validate: (_, { schema }) => ({ step: 'validate', code: `validate(${schema})` }),
  log: () => ({ step: 'log', code: 'log((payload) => ({ payload }))' }),
  deduplicate: (field) => ({ step: 'deduplicate', code: `deduplicate({ by: '${field}', days: 7 })` }),
  hash: (field) => ({
    step: 'hash', code: `hash({ fields: ['${field}'], as: ${camel(field)} })`,
    imports: { '': ['exact', 'hashKey', 'identifier'] },
    constants: { [camel(field)]: `const ${camel(field)} = identifier('${kebab(field)}', { key: hashKey('identity'), normalize: exact })` },
  }),
  call: (partner, { once }) => ({
    step: 'call',
    code: `call({\n      to: ${camel(partner)}, ${once === undefined ? '' : `once: '${once}', `}reply: Accepted,\n      request: (payload) => ({ method: 'POST', path: path\`/\`, body: payload }),\n    })`,
    imports: { '': ['account', 'path'], '/accounts/api-key': ['apiKey'] },
    constants: { [camel(partner)]: accountCode(partner), Accepted: '/** What it must reply; a reply is as foreign as what a sender sends. */\nconst Accepted = v.object({})' },
  }),
  // A reply that is the payload would give a sender back what was made of the message.
  transform: (_, { id }) => ({ step: 'transform', code: `transform((${id === undefined ? '' : `{ ${id} }`}) => ({ ${id === undefined ? '' : `${id}, `}status: 'accepted' }))` }),
}
/** Those that say what they are about. */
const wants: Readonly<Record<string, { readonly what: string; readonly pattern: RegExp }>> = {
  deduplicate: { what: 'a field', pattern: fieldName }, hash: { what: 'a field', pattern: fieldName }, call: { what: 'an account', pattern: accountName },
}

/** What begins a pipeline: the code of it, what it imports, and what a test awaits of a message. */
interface Beginning {
  readonly sealed: boolean
  readonly code: string
  readonly imports: readonly string[]
  readonly waits: boolean
}

const jose = "accept: 'application/jose'"

/** `post:/refunds`, `async:/refunds`, either with `:jose` behind it; or `queue:refunds`, which takes what is sealed. */
function triggerOf(word: string | undefined, name: string): Beginning {
  const [, mode, path, , joined] = /^(post|async):((\/[A-Za-z0-9._~-]+)+)(:jose)?$/.exec(word ?? `post:/${name}s`) ?? []
  if (path !== undefined) {
    const [sealed, waits] = [joined !== undefined, mode === 'async']
    const options = [...waits ? ["mode: 'async'"] : [], ...sealed ? [jose] : [], 'auth: iam()', ...waits ? [] : ['status: 201']]
    return { sealed, waits, code: `post('${path}', { ${options.join(', ')} })`, imports: ['iam', 'post'] }
  }
  const [, queue] = /^queue:([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/.exec(word ?? '') ?? []
  if (queue === undefined) throw new Usage(`${word}: a trigger is written post:/path, or async:/path for an answer at once, each with :jose behind it for what arrives sealed; or queue:name`)
  return { sealed: true, waits: true, code: `queue('${queue}', { ${jose} })`, imports: ['queue'] }
}

function read(word: string): { readonly step: string; readonly what: string } {
  const [step = '', what = ''] = word.split(/:(.*)/s)
  if (!Object.hasOwn(parts, step)) throw new Usage(`${word}: there is no step ${step} to begin with; there are ${Object.keys(parts).join(', ')}`)
  const wanted = wants[step]
  if (wanted === undefined ? what !== '' : !wanted.pattern.test(what)) throw new Usage(wanted === undefined ? `${word}: ${step} stands alone` : `${word}: ${step} wants ${wanted.what}, as in ${step}:${wanted.what === 'a field' ? 'orderId' : 'bank'}`)
  return { step, what }
}

interface Shape { [name: string]: Shape | true }
const schemaCode = (shape: Shape, depth: number): string => `v.strictObject({\n${Object.entries(shape).map(([name, inner]) => `${'  '.repeat(depth + 1)}${name}: ${inner === true ? 'v.pipe(v.string(), v.minLength(1), v.maxLength(64))' : schemaCode(inner, depth + 1)},`).join('\n')}\n${'  '.repeat(depth)}})`
const exampleOf = (shape: Shape): object => Object.fromEntries(Object.entries(shape).map(([name, inner]) => [name, inner === true ? `${kebab(name)}-1` : exampleOf(inner)]))

/** Drafts a pipeline. `pipelines`: its folder, as the test sees it. Throws {@link Usage} for a word that it does not know. */
export function draft(name: string, words: readonly string[], pipelines: string): Draft {
  if (!accountName.test(name) || name.length > 40) throw new Usage(`${name}: write lower-case words joined by hyphens, at most 40 characters`)
  const triggered = /^([a-z]+:\/|queue:)/.test(words[0] ?? '')
  const { sealed, waits, code: trigger, imports: begins } = triggerOf(triggered ? words[0] : undefined, name)
  const steps = (triggered ? words.slice(1) : words).map(read)
  if (!steps.some(({ step }) => step === 'validate')) steps.unshift({ step: 'validate', what: '' })
  if (steps.at(-1)?.step !== 'transform') steps.push({ step: 'transform', what: '' })
  if (steps.length > 10) throw new Usage('ten steps are enough to begin with')
  const once = steps.find(({ step }) => step === 'deduplicate')?.what

  const shape: Shape = {}
  for (const field of new Set(steps.filter(({ step }) => wants[step]?.what === 'a field').map(({ what }) => what).concat(once === undefined ? [`${camel(name)}Id`] : []))) {
    let at = shape
    const names = field.split('.')
    for (const inner of names.slice(0, -1)) {
      const next = at[inner]
      at = typeof next === 'object' ? next : at[inner] = {}
    }
    at[names.at(-1) ?? field] = true
  }

  const schema = pascal(name)
  const made = steps.map(({ step, what }) => parts[step]?.(what, { schema, once, id: Object.entries(shape).find(([, inner]) => inner === true)?.[0] })).filter((part) => part !== undefined)
  const imports = new Map<string, Set<string>>([['', new Set(['flow', 'pipeline', ...begins])], ['/steps', new Set(made.map(({ step }) => step))]])
  const constants: Record<string, string> = {}
  const opening: string[] = []
  const need = (subpath: string, ...names: readonly string[]): void => { imports.set(subpath, new Set([...imports.get(subpath) ?? [], ...names])) }
  if (sealed) {
    need('', 'keyPair')
    need('/ciphers/jwe', 'jwe')
    need('/steps', 'decrypt', 'parseJson')
    constants['inbox'] = `/** Senders seal to its public key, which GET /.well-known/jwks.json publishes. */\nconst inbox = keyPair('${name}-inbox', { custody: 'wrapped' })`
    opening.push('decrypt(jwe({ key: inbox }))', 'parseJson()')
  }
  for (const part of made) {
    for (const [subpath, names] of Object.entries(part.imports ?? {})) need(subpath, ...names)
    Object.assign(constants, part.constants)
  }
  const repeats = once !== undefined
  return {
    code: `${[...imports].sort(([a], [b]) => a < b ? -1 : 1).map(([subpath, names]) => `import { ${[...names].sort((a, b) => a.toLowerCase() < b.toLowerCase() ? -1 : 1).join(', ')} } from 'sallyport${subpath}'`).join('\n')}
import * as v from 'valibot'

${[...Object.values(constants), `const ${schema} = ${schemaCode(shape, 0)}`].join('\n\n')}

export default pipeline({
  name: '${name}',
  trigger: ${trigger},
  steps: flow(
${[...opening, ...made.map(({ code }) => code)].map((code) => `    ${code},`).join('\n')}
  ),
})
`,
    example: `${JSON.stringify(exampleOf(shape))}\n`,
    test: `import { sandbox } from 'sallyport/testing'
import { expect, test } from 'vitest'
import example from '${pipelines}/${name}.example.json' with { type: 'json' }
import ${camel(name)} from '${pipelines}/${name}.ts'

test('${name} is accepted${repeats ? ' once' : ''}', async () => {
  const world = sandbox()
${awaited(camel(name), { waits, routed: begins.includes('post'), repeats }).map((line) => `  ${line}\n`).join('')}})
`,
  }
}

/** What a test expects of a message, and of the same again. */
function awaited(pipeline: string, { waits, routed, repeats }: { readonly waits: boolean; readonly routed: boolean; readonly repeats: boolean }): string[] {
  if (!waits) return [`expect(await world.run(${pipeline}, example)).toMatchObject({ status: 201 })`, ...repeats ? [`expect(await world.run(${pipeline}, example)).toMatchObject({ status: 409, fault: 'DUPLICATE' })`] : []]
  const once = (outcome: string): string[] => routed
    ? [`expect(await world.run(${pipeline}, example)).toMatchObject({ status: 202 })`, `expect(await world.drain(${pipeline})).toMatchObject([{ outcome: '${outcome}' }])`]
    : [`expect(await world.deliver(${pipeline}, example)).toMatchObject({ outcome: '${outcome}' })`]
  return [...once('done'), ...repeats ? once('duplicate') : []]
}
