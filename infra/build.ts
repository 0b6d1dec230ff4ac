/**
 * Bundles a pipelines folder for Lambda: one small CommonJS file per function, and the runtime as a layer.
 *
 *   <out>/layer/nodejs/node_modules/sallyport-runtime/   what every bundle requires by name: found through NODE_PATH
 *   <out>/functions/<name>/index.js                      a pipeline with the steps it imports, or one of our own functions
 *   <out>/definitions.cjs                                the same pipelines as values, for infra to read
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execFileSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { build as esbuild, type BuildOptions, type Plugin } from 'esbuild'
import { home, modules, source } from './home.ts'
import { jsonSchemas } from './json-schema.ts'
import type { Pipeline, Realm } from 'sallyport'

export interface BuildInput {
  /** Folder of the pipelines: every `.ts` file in it is one, but `realm.ts`. */
  readonly pipelines: string
  readonly stage: string
  /** Where the partners are, in the stage `local` alone. */
  readonly origins?: Readonly<Record<string, string>>
  /** A layer of this version that was bundled before: most of the work, and the same for every pipeline. */
  readonly layer?: string
  /** Where the bundles go. */
  readonly out?: string
}

export interface Built {
  readonly layer: string
  /** Function name (pipeline, `jwks`, `keys` or `fallback`) to the folder of its bundle. */
  readonly functions: Readonly<Record<string, string>>
  readonly definitions: string
}

export interface Definitions {
  readonly realm: Realm
  readonly pipelines: readonly Pipeline[]
}

/** What a `#name` of a handler stands for: a file of the user's, or a few words of ours. */
type Bound = { readonly file: string } | { readonly text: string }

/** Files of the layer beside its index. */
const parts: Readonly<Record<string, string>> = { clients: './aws.js', s3: './s3.js', sqs: './sqs.js', lambda: './lambda.js', queue: './queue.js', failures: './failures.js', 'at-rest': './at-rest.js', custody: './custody.js', 'key-set': './key-set.js', 'working-folder': './working-folder.js' }

/** Loaded when they are asked for, by their names in the layer; definitions, which are only read, never ask. */
const apart: Plugin = {
  name: 'parts',
  setup: (b) => b.onResolve({ filter: /^\.\/(clients|s3|sqs|lambda|queue|failures|at-rest|custody|key-set|working-folder)\.[tj]s$/ }, ({ path, kind, importer }) => kind === 'entry-point' || !isOurs(importer) ? undefined : { path: parts[path.slice(2, -3)] ?? path, external: true }),
}

/** What runs each kind of trigger: events come out of a queue. */
const handlers: Readonly<Record<string, string>> = { event: 'queue' }

/** Functions that every app has, beside its pipelines. */
export const ownFunctions = ['jwks', 'keys', 'ledger', 'failures', 'fallback'] as const

export const shared: BuildOptions = {
  bundle: true, platform: 'node', target: 'node24', format: 'cjs', minify: true,
  mainFields: ['module', 'main'], legalComments: 'none', logLevel: 'silent', absWorkingDir: home,
  // openpgp asks for it when it is loaded, and CommonJS has none: any file is right, since nothing is looked for beside it.
  define: { 'import.meta.url': '"file:///index.js"' },
}

/**
 * `sallyport` is the layer, by a name that no `package.json` of a user can shadow; its subpaths are bundled from here,
 * so that a folder anywhere on the disk may import the package by name.
 */
export const house = (runtime: 'layer' | 'bundled', bound: Readonly<Record<string, Bound>> = {}): Plugin => ({
  name: 'sallyport',
  setup(build) {
    const require = createRequire(join(home, 'package.json'))
    build.onResolve({ filter: /^sallyport$/ }, () => runtime === 'layer'
      ? { path: 'sallyport-runtime', external: true }
      : { path: source('layers/runtime/index') })
    build.onResolve({ filter: /^sallyport\// }, ({ path }) => ({ path: require.resolve(path), sideEffects: false }))
    build.onResolve({ filter: /^#/ }, ({ path }) => {
      const to = bound[path]
      return to === undefined ? undefined : 'file' in to ? { path: to.file } : { path, namespace: 'bound', pluginData: to.text }
    })
    build.onLoad({ filter: /.*/, namespace: 'bound' }, ({ pluginData }) => ({ contents: pluginData as string, loader: 'ts', resolveDir: home }))
  },
})

/** The pipelines of a folder: file path by file name, without `realm.ts`. */
export function pipelineFiles(folder: string): string[] {
  if (!existsSync(folder)) throw new TypeError(`pipelines folder ${folder} does not exist`)
  const files = readdirSync(folder).filter((file) => /\.m?[tj]s$/.test(file) && !/\.d\.m?ts$|\.test\./.test(file) && file !== 'realm.ts').sort()
  if (files.length === 0) throw new TypeError(`pipelines folder ${folder} holds no pipeline: add a file whose default export is pipeline({ … })`)
  return files.map((file) => join(folder, file))
}

/** Of the project that is built: the CDK CLI, and all our commands, run where its cdk.json is. */
const bundles = (): string => resolve('.local/bundles')

/** User folders may lie anywhere: what they import and do not have themselves is found here. */
const nodePaths = modules()

const realmOf = (folder: string): Bound => existsSync(join(folder, 'realm.ts')) ? { file: join(folder, 'realm.ts') } : { text: `import { realm } from 'sallyport'; export default realm()` }

/** Whether a file is a source of this package, rather than of somebody who uses it. */
const isOurs = (file: string): boolean => /^(layers|infra|cli|local|functions\/(?!pipelines))\b/.test(relative(home, file))

/** The pipelines of a folder as values, in one file that `readDefinitions` reads. Gives the user's own files that it is made of. */
export async function bundleDefinitions(folder: string, outfile: string): Promise<string[]> {
  const files = pipelineFiles(folder)
  const contents = [
    `export { default as realm } from '#realm'`,
    ...files.map((file, i) => `import * as p${i} from ${JSON.stringify(file)}`),
    `export const files = [${files.map((file, i) => `[${JSON.stringify(basename(file))}, p${i}.default]`).join(', ')}]`,
  ].join('\n')
  const { metafile } = await esbuild({ ...shared, metafile: true, stdin: { contents, resolveDir: folder, loader: 'ts' }, outfile, nodePaths, minify: false, sourcemap: 'inline', sourcesContent: false, plugins: [house('bundled', { '#realm': realmOf(folder) }), apart, jsonSchemas()] })
  return Object.keys(metafile.inputs).filter((input) => !/^[\w-]+:|<stdin>|node_modules/.test(input)).map((input) => resolve(home, input)).filter((file) => !isOurs(file))
}

/** Bundles everything into a folder of its own under `.local/bundles`. */
export async function build({ pipelines, stage, origins = {}, layer: given, out: wanted }: BuildInput): Promise<Built> {
  const folder = resolve(pipelines)
  const target = wanted ?? join(bundles(), `${stage}-${createHash('sha256').update(JSON.stringify([folder, stage, origins])).digest('hex').slice(0, 8)}`)
  tidy(stage)
  // Into a folder of this process, then put in place: two builds at once never read half of one.
  const out = `${target}.${process.pid}-${randomUUID().slice(0, 8)}`
  const realm = realmOf(folder)
  const definitions = join(out, 'definitions.cjs')
  await bundleDefinitions(folder, definitions)

  const layer = given ?? join(out, 'layer')
  const runtime = join(layer, 'nodejs/node_modules/sallyport-runtime')
  if (given === undefined) await esbuild({
    ...shared, nodePaths, outdir: runtime, entryPoints: { index: source('layers/runtime/index'), aws: source('layers/runtime/aws/clients'), s3: source('layers/runtime/aws/s3'), sqs: source('layers/runtime/aws/sqs'), lambda: source('layers/runtime/aws/lambda'), queue: source('layers/runtime/queue'), failures: source('layers/runtime/failures'), 'at-rest': source('layers/runtime/at-rest'), custody: source('layers/runtime/custody'), 'key-set': source('layers/runtime/key-set'), 'working-folder': source('layers/runtime/working-folder') },
    // As a require: an import() in CommonJS would start the loader of ES modules.
    supported: { 'dynamic-import': false },
    plugins: [apart],
  })
  if (given === undefined) commonjs(runtime, 'sallyport-runtime')

  const functions: Record<string, string> = {}
  const bundle = async (name: string, handler: string, bound: Readonly<Record<string, Bound>>): Promise<void> => {
    const target = join(out, 'functions', name)
    await esbuild({
      ...shared, nodePaths, entryPoints: [source(`functions/handlers/${handler}`)], outfile: join(target, 'index.js'),
      // A debugger shows the user's own lines.
      ...stage === 'local' && { sourcemap: 'linked' as const, sourcesContent: false },
      plugins: [house('layer', bound), jsonSchemas()],
    })
    commonjs(target, name)
    functions[name] = target
  }
  for (const { file, name, kind } of names(definitions, folder)) {
    await bundle(name, handlers[kind] ?? kind, {
      '#pipeline': { file },
      '#realm': realm,
      '#stage': { text: `export default ${JSON.stringify({ stage, origins })}` },
    })
  }
  for (const name of ownFunctions) await bundle(name, name, {})
  place(out, target)
  const placed = (path: string): string => path === given ? path : join(target, relative(out, path))
  return { layer: placed(layer), functions: Object.fromEntries(Object.entries(functions).map(([name, path]) => [name, placed(path)])), definitions: placed(definitions) }
}

/** Both builds of a moment are the same: whoever is second keeps what the first put there. */
function place(out: string, target: string): void {
  for (let tries = 0; tries < 5; tries++) {
    rmSync(target, { recursive: true, force: true, maxRetries: 3 })
    try {
      return renameSync(out, target)
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  rmSync(out, { recursive: true, force: true })
}

/** A local run has other ports each time, and so another folder: those of an hour ago are of no use. */
function tidy(stage: string): void {
  if (!existsSync(bundles())) return
  for (const name of readdirSync(bundles()).filter((name) => name.startsWith(`${stage}-`))) {
    const made = statSync(join(bundles(), name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    if (Date.now() - made > 3_600_000) rmSync(join(bundles(), name), { recursive: true, force: true })
  }
}

/** The definitions, checked to be what they should be, with the file in the sentence where they are not. */
export function readDefinitions(definitions: string): Definitions & { readonly files: readonly (readonly [string, Pipeline])[] } {
  const { realm, files } = evaluate(definitions)
  for (const [file, definition] of files) {
    if (definition?.steps === undefined) throw new TypeError(`${file}: its default export is not a pipeline({ … }); keep other files in a subfolder`)
  }
  const pipelines = files.map(([, definition]) => definition as Pipeline)
  return { realm, pipelines, files: files as [string, Pipeline][] }
}

function evaluate(definitions: string): { readonly realm: Realm; readonly files: readonly [string, Pipeline | undefined][] } {
  // What a constructor of ours refuses is refused where the user called it.
  process.setSourceMapsEnabled(true)
  try {
    return createRequire(definitions)(definitions) as never
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const [, file, line] = [...(error.stack ?? '').matchAll(/\(?((?:\/|[A-Za-z]:\\)[^()\n]+?):(\d+):\d+\)?$/gm)].find(([, file = '']) => !isOurs(file)) ?? []
    throw new TypeError(file === undefined ? error.message : `${relative(process.cwd(), file)}:${line}: ${error.message}`)
  } finally {
    process.setSourceMapsEnabled(false)
  }
}

function* names(definitions: string, folder: string): Generator<{ file: string; name: string; kind: string }> {
  const seen = new Map<string, string>()
  for (const [file, { name, trigger }] of readDefinitions(definitions).files) {
    const before = seen.get(name)
    if (before !== undefined) throw new TypeError(`pipeline ${name}: both ${before} and ${file} have this name`)
    if ((ownFunctions as readonly string[]).includes(name)) throw new TypeError(`pipeline ${name}: this name is taken by a function of ours`)
    seen.set(name, file)
    yield { file: join(folder, file), name, kind: trigger.kind }
  }
}

/** The folder is CommonJS whatever package it lies in, and no `exports` of ours are consulted from inside it. */
function commonjs(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, type: 'commonjs' }))
}

/** The same from code that cannot wait, such as a construct: in a process of its own. */
export function buildSync(input: BuildInput): Built {
  try {
    return JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(input)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })) as Built
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    throw new TypeError(stderr?.trim() || 'the pipelines could not be bundled')
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const input = process.argv[2] === undefined ? { pipelines: join(home, 'functions/pipelines'), stage: 'dev' } : JSON.parse(process.argv[2]) as BuildInput
    process.stdout.write(JSON.stringify(await build(input)) + '\n')
  } catch (error) {
    process.stderr.write(explain(error) + '\n')
    process.exitCode = 1
  }
}

/** One readable message with file and line, as esbuild knows them; a mistake in a definition is its own sentence. */
export function explain(error: unknown): string {
  const { errors, message } = error as { errors?: { text: string; location?: { file: string; line: number } }[]; message: string }
  return errors?.map(({ text, location }) => location ? `${relative(process.cwd(), resolve(home, location.file))}:${location.line}: ${text}` : text).join('\n') ?? message
}
