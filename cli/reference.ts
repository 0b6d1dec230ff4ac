import { execFile } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { home } from '../infra/home.ts'
import { say } from './screen.ts'
import { readOptions } from './usage.ts'

/** One statement of a declaration file, with the docstring above it. */
interface Statement {
  readonly doc: string | undefined
  readonly code: string
}
/** A declaration of a name; overloads are one. */
interface Declared extends Statement {
  readonly name: string
  readonly kind: string
  readonly public: boolean
}
/** A name that an entry of the package exports. */
interface Exported {
  readonly name: string
  readonly doc: string | undefined
  readonly code: string
}
/** The reference as Markdown, and the exports without a docstring, as `sallyport/steps call`. */
export interface Reference {
  readonly text: string
  readonly undocumented: readonly string[]
}

/** The public entries and their source files, from `exports` of package.json. */
function entries(): { readonly entry: string; readonly file: string }[] {
  const { exports } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { exports: Readonly<Record<string, string | null>> }
  return Object.entries(exports).flatMap(([entry, target]) => target === null ? [] : target.includes('*')
    ? globSync(target, { cwd: home }).sort().map((file) => ({ entry: entry.replace('*', file.replace(/^.*\/|\.ts$/g, '')), file: file.replaceAll('\\', '/') }))
    : [{ entry, file: target.replace('./', '') }])
    .map(({ entry, file }) => ({ entry: `sallyport${entry.slice(1)}`, file: file.replace('./', '') }))
}

/** Compiles the declarations of the entries, docstrings kept, into a folder. */
async function declare(files: readonly string[], out: string): Promise<void> {
  mkdirSync(out, { recursive: true })
  const config = join(out, 'tsconfig.json')
  writeFileSync(config, JSON.stringify({
    extends: join(home, 'tsconfig.package.json'), files: [...files, ...globSync('functions/handlers/*.d.ts', { cwd: home })].map((file) => join(home, file)), include: [],
    compilerOptions: { emitDeclarationOnly: true, rootDir: home, outDir: out },
  }))
  await promisify(execFile)(process.execPath, [join(home, 'node_modules/typescript/bin/tsc'), '-p', config], { cwd: home }).catch((error: { stdout: string }) => {
    throw new Error(error.stdout)
  })
}

/** Where a comment, a string or a template that begins here ends. */
function skipped(text: string, at: number): number {
  const sign = text[at]
  if (text.startsWith('/*', at)) return text.indexOf('*/', at) + 2
  if (text.startsWith('//', at)) return text.indexOf('\n', at)
  if (sign !== '"' && sign !== "'" && sign !== '`') return at
  let end = at + 1
  while (text[end] !== sign) end += text[end] === '\\' ? 2 : 1
  return end + 1
}

/** The statements of a declaration file, as the compiler writes them. */
function* statements(text: string): Generator<Statement> {
  let doc: string | undefined
  let start = -1
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    if (start < 0) {
      if (/\s/.test(text[at] ?? '')) continue
      if (text.startsWith('/**', at)) doc = text.slice(at, skipped(text, at))
      if (text.startsWith('/*', at)) {
        at = skipped(text, at) - 1
        continue
      }
      start = at
    }
    const behind = skipped(text, at)
    if (behind > at) {
      at = behind - 1
      continue
    }
    const sign = text[at] ?? ''
    if ('([{'.includes(sign)) depth++
    if (')]}'.includes(sign)) depth--
    const block = sign === '}' && depth === 0 && /^(export )?(declare )?(abstract )?(interface|class|namespace|enum)\b/.test(text.slice(start))
    if (block || (sign === ';' && depth === 0)) {
      yield { doc, code: text.slice(start, at + 1) }
      doc = undefined
      start = -1
    }
  }
}

const declaration = /^(export )?(?:declare )?(?:abstract )?(const|function|class|interface|type|enum) (\w+)/
const reexport = /^export (?:type )?(?:\{([^}]*)\}|\* as (\w+)|\*) from ['"](\.[^'"]+)['"];$/

/** A declaration file, read once. */
class Module {
  readonly path: string
  readonly declared = new Map<string, Declared>()
  readonly #reexports: { readonly doc: string | undefined; readonly names: readonly string[] | undefined; readonly as: string | undefined; readonly from: string }[] = []

  constructor(path: string) {
    this.path = path
    for (const { doc, code } of statements(readFileSync(path, 'utf8'))) {
      const [, names, as, from] = reexport.exec(code) ?? []
      if (from !== undefined) {
        this.#reexports.push({ doc, names: names?.split(',').map((name) => name.replace(/^\s*type /, '').trim()).filter((name) => name !== ''), as, from: join(dirname(path), from.replace(/\.ts$/, '.d.ts')) })
        continue
      }
      const [, shown, kind = '', name] = declaration.exec(code) ?? []
      if (name === undefined) continue
      const before = this.declared.get(name)
      this.declared.set(name, { name, kind, public: shown !== undefined, doc: doc ?? before?.doc, code: before === undefined ? code : `${before.code}\n${code}` })
    }
  }

  /** All that it exports, in order of name. */
  exported(modules: (path: string) => Module): Exported[] {
    const found: Exported[] = [...this.declared.values()].filter((each) => each.public).map(({ name, doc }) => ({ name, doc, code: this.#shown(name) }))
    for (const { doc, names, as, from } of this.#reexports) {
      const there = modules(from).exported(modules)
      if (as !== undefined) found.push({ name: as, doc, code: `namespace ${as} {\n${there.map(({ code }) => code.replaceAll(/^/gm, '  ')).join('\n')}\n}` })
      else found.push(...names === undefined ? there : there.filter(({ name }) => names.includes(name)))
    }
    return found.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1))
  }

  /** The declaration, behind the unexported ones that the signature of a function names: its options. */
  #shown(name: string): string {
    const wanted = new Set<string>()
    const add = (code: string): void => {
      for (const other of this.declared.values()) {
        if (other.public || wanted.has(other.name) || !['interface', 'type'].includes(other.kind) || !new RegExp(`\\b${other.name}\\b`).test(code)) continue
        wanted.add(other.name)
        add(other.code)
      }
    }
    const own = this.declared.get(name)
    if (own === undefined) return ''
    if (own.kind === 'const' || own.kind === 'function') add(own.code)
    return [...wanted].map((each) => this.declared.get(each)?.code ?? '').concat(own.code).map(tidy).join('\n\n')
  }
}

/** A block of members without comments on one line, where it is short; from the inside out. */
function collapsed(code: string): string {
  // Braces that were looked at are written otherwise until the end.
  const [left, right, open, close] = ['\u0001', '\u0002', '\u0003', '\u0004']
  let text = code.replaceAll(/\$\{([^{}]*)\}/g, `$$${left}$1${right}`)
  for (let before = ''; before !== text;) {
    before = text
    text = text.replaceAll(/\{([^{}]*)\}/g, (_, members: string) => {
      const line = `${left} ${members.trim().replaceAll(/;?\n\s*/g, '; ').replace(/;$/, '')} ${right}`
      return members.includes('/**') || members.includes(open) || line.length > 170 ? `${open}${members}${close}` : members.trim() === '' ? `${left}${right}` : line
    })
  }
  return text.replaceAll(left, '{').replaceAll(right, '}').replaceAll(open, '{').replaceAll(close, '}')
}

/** As our own code is written: no semicolons at ends, two spaces, options without their names, nothing private. */
const tidy = (code: string): string => collapsed(code
  .replaceAll(/^(export )?(declare )?/gm, '')
  .replaceAll(/^ +(#private|private [^\n]*);\n/gm, '')
  .replaceAll(/import\("[^"]+"\)\./g, '')
  .replaceAll(/\{ (?:\.\.\.)?\w+(?:, (?:\.\.\.)?\w+)* \}(\??):/g, 'options$1:')
  .replaceAll(/^ +/gm, (indent) => ' '.repeat(indent.length % 4 === 1 ? (indent.length - 1) / 2 + 1 : indent.length / 2)))
  .replaceAll(/;$/gm, '')

/** A docstring as Markdown. */
const prose = (doc: string): string => doc.replaceAll(/^\/\*\*\s*|\s*\*\/$/g, '').replaceAll(/^\s*\* ?/gm, '')
  .replaceAll(/\{@link (\w+)\}/g, '`$1`').replaceAll(/^@default -? ?/gm, 'Unless given: ').trim()

/** Reads what each entry exports from compiled declarations, and writes it down. */
export async function reference(): Promise<Reference> {
  // Inside the package, so that the compiler finds what it imports; of this process, since two may read at once.
  const out = join(home, `.local/declarations-${process.pid}`)
  const all = entries()
  try {
    await declare(all.map(({ file }) => file), out)
    const known = new Map<string, Module>()
    const modules = (path: string): Module => {
      const module = known.get(path) ?? new Module(path)
      known.set(path, module)
      return module
    }
    const parts = ['# Reference', 'What each entry of the package exports, from its docstrings. `npx sallyport reference` writes this page.']
    parts.push(all.map(({ entry }) => `- [${entry}](#${entry.replaceAll(/[^\w-]/g, '')})`).join('\n'))
    const undocumented: string[] = []
    for (const { entry, file } of all) {
      parts.push(`## ${entry}`)
      for (const { name, doc, code } of modules(join(out, file.replace(/\.ts$/, '.d.ts'))).exported(modules)) {
        if (doc === undefined) undocumented.push(`${entry} ${name}`)
        parts.push(`### ${name}`, ...doc === undefined ? [] : [prose(doc)], `\`\`\`ts\n${code}\n\`\`\``)
      }
    }
    return { text: `${parts.join('\n\n')}\n`, undocumented }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/** Writes docs/reference.md. */
export async function write(args: string[]): Promise<number> {
  readOptions({ args, options: {} })
  const { text, undocumented } = await reference()
  writeFileSync(join(home, 'docs/reference.md'), text)
  for (const name of undocumented) say(`without a docstring: ${name}`)
  return undocumented.length === 0 ? 0 : 1
}
