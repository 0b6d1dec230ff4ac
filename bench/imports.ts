import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as esbuild } from 'esbuild'
import { needs } from 'sallyport'
import { build, readDefinitions, shared } from '../infra/build.ts'
import { compared, median, type Row } from './row.ts'

const home = fileURLToPath(new URL('..', import.meta.url))
const clients = { table: 'dynamodb', key: 'kms', account: 'secrets' } as const

/** Milliseconds until a fresh process has loaded something, measured in it. */
function load(script: string, env: Record<string, string>): number {
  const code = `const { writeSync } = require('node:fs'); const start = performance.now(); (async () => { ${script} })().then(() => { writeSync(2, String(performance.now() - start)); process.exit(0) })`
  const file = join(home, 'dist/bench/load.cjs')
  writeFileSync(file, code)
  const result = execFileSync(process.execPath, ['-e', `const r = require('node:child_process').spawnSync(process.execPath, [${JSON.stringify(file)}], { encoding: 'utf8' }); process.stdout.write(r.stderr)`], { env: { ...process.env, ...env, AWS_REGION: 'us-east-1' }, encoding: 'utf8' })
  return Number(result)
}

/** Loading a function with the clients that it needs, against loading and making the same clients in a bundle of their own. */
export async function imports(): Promise<Row[]> {
  const built = await build({ pipelines: join(home, 'functions/pipelines'), stage: 'bench' })
  const variables = Object.fromEntries([...readFileSync(built.definitions, 'utf8').matchAll(/name: "([a-z-]+)"/g)].map(([, name = '']) => [`KEY_${name.replaceAll('-', '_').toUpperCase()}`, name]))
  const rows: Row[] = []
  for (const pipeline of readDefinitions(built.definitions).pipelines) {
    const kinds = [...new Set(needs(pipeline).map(({ resource }) => resource.kind as keyof typeof clients))].map((kind) => clients[kind])
    const alone = join(home, 'dist/bench', `clients-${pipeline.name}.cjs`)
    await esbuild({ ...shared, outfile: alone, stdin: { resolveDir: home, contents: kinds.map((client) => `export { connect as ${client} } from './layers/runtime/aws/${client}.ts'`).join('\n') + `\nexport { limits } from './layers/runtime/aws/limits.ts'`, loader: 'ts' } })
    const env = { ...variables, NODE_PATH: join(built.layer, 'nodejs/node_modules') }
    const ours = () => load(`require(${JSON.stringify(join(built.functions[pipeline.name] ?? '', 'index.js'))}); const { aws } = require('sallyport-runtime'); await Promise.all([${kinds.map((kind) => `aws.${kind}()`).join(', ')}])`, env)
    const theirs = () => load(`const made = require(${JSON.stringify(alone)}); const environment = { client: (Client) => new Client(made.limits) }; ${kinds.map((kind) => `made.${kind}(environment)`).join('; ')}`, env)
    ours()
    theirs()
    const pairs = Array.from({ length: 25 }, (_, i) => i % 2 === 0 ? [ours(), theirs()] as const : [theirs(), ours()].reverse() as [number, number])
    rows.push(compared(`loading ${pipeline.name} with ${kinds.join(', ')}`, 'ms', {
      measured: median(pairs.map(([a]) => a)), baseline: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)), samples: pairs.length,
    }, 1.15))
  }
  return rows
}
