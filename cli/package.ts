import { execFile } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { home } from '../infra/home.ts'
import { readOptions } from './usage.ts'

const run = promisify(execFile)
const out = join(home, 'dist/package')

/** What runs at the user's; all else is for those who work on this package. */
const dependencies = ['@middy/core', '@types/aws-lambda', '@types/node', 'ajv', 'asn1js', 'esbuild', 'hash-wasm', 'jose', 'openpgp', 'valibot']
/** What a user's project has, and may have in another version. npm installs them with us where it has not. */
const peers: Readonly<Record<string, string>> = { 'aws-cdk': '>=2.1148.1 <3', 'aws-cdk-lib': '^2.276.0', constructs: '^10.8.1', typescript: '>=5.9 <8', vitest: '^5.1.1' }

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, string | null>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** The package's own package.json: compiled exports, no scripts, and only what it needs where it is used. */
function published({ name, version, description, license, type, sideEffects, engines, exports, dependencies: direct, devDependencies, optionalDependencies }: Manifest): object {
  const known = { ...direct, ...devDependencies }
  return {
    name, version, description, license, type, sideEffects, engines,
    keywords: ['aws', 'cdk', 'lambda', 'pipelines', 'integration', 'encryption', 'jose', 'idempotency', 'redaction'],
    bin: { sallyport: 'cli/launch.mjs' },
    exports: { ...Object.fromEntries(Object.entries(exports).map(([entry, file]) => [entry, file?.replace(/\.ts$/, '.js') ?? null])), './package.json': './package.json' },
    // Every AWS client that is no client of a bench or a test alone.
    dependencies: Object.fromEntries([...Object.keys(direct).filter((each) => each.startsWith('@aws-sdk/')), ...dependencies].filter((each) => known[each] !== undefined).map((each) => [each, known[each]])),
    peerDependencies: peers,
    optionalDependencies,
  }
}

/** Compiles the sources to `dist/package`, with what is not TypeScript beside them. */
export async function compile(): Promise<string> {
  rmSync(out, { recursive: true, force: true })
  await run(process.execPath, [join(home, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.package.json'], { cwd: home }).catch((error: { stdout: string }) => {
    throw new Error(error.stdout)
  })
  const beside = [
    ...globSync(['cli/*.mjs', 'local/lambda/*.cjs', 'functions/handlers/*.d.ts', 'docs/**/*.md'], { cwd: home }),
    'README.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE',
  ]
  for (const file of beside) {
    mkdirSync(join(out, dirname(file)), { recursive: true })
    copyFileSync(join(home, file), join(out, file))
  }
  chmodSync(join(out, 'cli/launch.mjs'), 0o755)
  // As a dependency it would compile its addon at the user's; the client itself is one file.
  for (const file of ['index.mjs', 'LICENSE', 'NOTICE', 'THIRD-PARTY-LICENSES']) cpSync(join(home, 'node_modules/aws-lambda-ric', file), join(out, 'local/lambda/client', file))
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(published(JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest), null, 2)}\n`)
  return out
}

/** Compiles the package and packs it: prints the tarball's path. */
export async function pack(args: string[]): Promise<number> {
  readOptions({ args, options: {} })
  await compile()
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', join(home, 'dist'), out], { cwd: home })
  const [{ filename = '' } = {}] = JSON.parse(stdout) as { filename?: string }[]
  process.stdout.write(`${join('dist', filename)}\n`)
  return 0
}
