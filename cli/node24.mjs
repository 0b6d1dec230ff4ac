import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The Node 24 that everything of ours runs on: the one that is installed with the dependencies, since npm before 11 puts
 * no link to it on the PATH, or the one that runs this. Undefined where there is neither.
 */
export function node24() {
  // In our own node_modules or in one that holds us: wherever npm put it.
  for (let folder = fileURLToPath(new URL('..', import.meta.url)); dirname(folder) !== folder; folder = dirname(folder)) {
    const packaged = join(folder, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node')
    if (existsSync(packaged)) return packaged
  }
  return isNode24() ? process.execPath : undefined
}

export const isNode24 = () => Number(process.versions.node.split('.')[0]) >= 24

export const noNode24 = `Node 24 is needed here: it is installed with the dependencies on Linux x64 and arm64, and this is ${process.platform} ${process.arch} with Node ${process.versions.node}. Install again, or put Node 24 on your PATH`
