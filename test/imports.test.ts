import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Which room may import from which. The runtime knows nothing of steps; infra knows nothing of steps. */
const root = fileURLToPath(new URL('..', import.meta.url))
const rooms: Record<string, { rooms: string[]; packages: RegExp }> = {
  'layers/runtime': { rooms: ['layers/runtime'], packages: /^(node:crypto|node:fs|node:fs\/promises|node:os|node:path|node:timers\/promises|node:util|node:http|node:https|@aws-sdk\/client-.*|@middy\/core|aws-lambda)$/ },
  'functions/steps': { rooms: ['functions/steps', 'functions/ciphers', 'functions/hashes', 'functions/signatures', 'sallyport'], packages: /^node:path$/ },
  'functions/ciphers': { rooms: ['sallyport', 'functions/accounts', 'functions/ciphers', 'functions/hashes'], packages: /^(node:(buffer|crypto|fs|fs\/promises|path|stream|stream\/promises|stream\/web|zlib)|openpgp.*)$/ },
  'functions/hashes': { rooms: ['functions/hashes', 'functions/accounts', 'functions/ciphers', 'sallyport'], packages: /^(node:(crypto|fs|path|url)|hash-wasm)$/ },
  'functions/signatures': { rooms: ['functions/signatures', 'functions/accounts', 'functions/ciphers', 'sallyport'], packages: /^(node:crypto|openpgp.*|asn1js)$/ },
  'functions/accounts': { rooms: ['functions/accounts', 'sallyport'], packages: /^(node:crypto|openpgp.*|asn1js)$/ },
  'functions/handlers': { rooms: ['functions/handlers', 'sallyport', '#'], packages: /^(node:crypto|node:timers\/promises|@middy\/core|aws-lambda)$/ },
  'functions/pipelines': { rooms: ['sallyport', 'functions/pipelines'], packages: /^valibot$/ },
  // Schemas in tests are compiled as the build does it.
  'testing': { rooms: ['testing', 'sallyport', 'local', 'functions/handlers', 'infra'], packages: /^(node:crypto|@aws-sdk\/client-.*|@middy\/core|aws-lambda|jose|esbuild|node:path)$/ },
  'infra': { rooms: ['infra', 'sallyport'], packages: /^(node:.*|aws-cdk-lib(\/.*)?|constructs|esbuild|ajv\/.*|cdk-nag)$/ },
}

function* files(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) yield* files(path)
    else if (path.endsWith('.ts') && !path.endsWith('.d.ts')) yield path
  }
}
const imports = (file: string): string[] => [...readFileSync(join(root, file), 'utf8').matchAll(/(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|import\('([^']+)'\)|^import '([^']+)'/g)]
  .map(([, a, b, c]) => a ?? b ?? c ?? '')

for (const [room, allowed] of Object.entries(rooms)) {
  test(`${room} imports from ${allowed.rooms.join(', ')}`, () => {
    let read = 0
    for (const file of files(room)) {
      for (const specifier of imports(file)) {
        read++
        const target = specifier.startsWith('.') ? relative(root, resolve(root, file, '..', specifier)) : undefined
        const fine = target !== undefined ? allowed.rooms.some((other) => target.startsWith(`${other}/`))
          : specifier === 'sallyport' || specifier.startsWith('sallyport/') ? allowed.rooms.includes('sallyport')
            : specifier.startsWith('#') ? allowed.rooms.includes('#') : allowed.packages.test(specifier)
        expect(fine, `${file} imports ${specifier}`).toBe(true)
      }
    }
    expect(read).toBeGreaterThan(0)
  })
}

test('a step does not import another, and only the sender of the runtime opens connections', () => {
  const steps = [...files('functions/steps')].filter((file) => !file.endsWith('/index.ts'))
  expect(steps.filter((file) => imports(file).some((specifier) => specifier.startsWith('./')))).toStrictEqual([])
  const connecting = [...files('layers/runtime')].filter((file) => imports(file).some((specifier) => /^node:https?$/.test(specifier)))
  expect(connecting).toStrictEqual(['layers/runtime/send.ts'])
})

test('steps, ciphers, accounts and pipelines reach for nothing impure: no clock, no network, no console', () => {
  for (const room of ['functions/steps', 'functions/ciphers', 'functions/hashes', 'functions/signatures', 'functions/accounts', 'functions/pipelines']) {
    for (const file of files(room)) {
      const text = readFileSync(join(root, file), 'utf8')
      expect(/\bfetch\(|Date\.now|new Date\(\)|console\.|process\.|globalThis/.test(text), file).toBe(false)
    }
  }
})
