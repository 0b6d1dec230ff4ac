import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { Mistake } from './mistake.ts'
import { writeWhole } from './write-whole.ts'

/** The tsconfig.json that an editor would use for a folder. */
function configurationOf(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'tsconfig.json'))) return join(at, 'tsconfig.json')
    if (dirname(at) === at) return undefined
  }
}

function compilerOf(project: string): string | undefined {
  try {
    const require = createRequire(join(project, 'package.json'))
    return join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
  } catch {
    return undefined
  }
}

/**
 * Checks the types of a folder of pipelines, and of what it imports, as the project's own tsconfig.json says; a project
 * without one has not asked for it. Throws a {@link Mistake}: the first error with file and line, as the compiler says it.
 */
export async function checkTypes(project: string, pipelines: string, dir: string): Promise<void> {
  const [extended, compiler] = [configurationOf(pipelines), compilerOf(project)]
  if (extended === undefined || compiler === undefined) return
  const file = join(dir, 'tsconfig.json')
  // Not infra.ts and the tests: the declarations of CDK alone take longer than all pipelines.
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  writeWhole(file, JSON.stringify({ extends: extended, include: [join(pipelines, '**/*.ts')], exclude: ['**/*.test.ts'], compilerOptions: { noEmit: true, incremental: false, composite: false } }))
  const said = await new Promise<string>((resolve) => {
    execFile(process.execPath, [compiler, '-p', file, '--pretty', 'false'], { cwd: project, maxBuffer: 8 * 1024 * 1024 }, (error, stdout) => resolve(error === null ? '' : stdout))
  })
  const errors = said.split(/\n(?=\S)/).filter((line) => line.includes(': error TS'))
  const [first] = errors
  if (first === undefined) return
  const [, path = '', line, text = ''] = /^(.+?)\((\d+),\d+\): error TS\d+: ([^]*)$/.exec(first.trim()) ?? [undefined, '', '', first.trim()]
  throw new Mistake(`${relative(project, join(project, path)) || path}:${line}: ${text}${errors.length > 1 ? `\n(and ${errors.length - 1} more)` : ''}`)
}
