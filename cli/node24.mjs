import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('../node_modules', import.meta.url))

/**
 * The Node 24 that everything of ours runs on: the one that is installed with the dependencies, since npm before 11 puts
 * no link to it on the PATH, or the one that runs this. Undefined where there is neither.
 */
export function node24() {
  const packaged = join(modules, `node-linux-${process.arch}`, 'bin', 'node')
  if (existsSync(packaged)) return packaged
  return isNode24() ? process.execPath : undefined
}

export const isNode24 = () => Number(process.versions.node.split('.')[0]) >= 24

export const noNode24 = `Node 24 is needed here: it is installed with the dependencies on Linux x64 and arm64, and this is ${process.platform} ${process.arch} with Node ${process.versions.node}. Run npm ci, or put Node 24 on your PATH`
