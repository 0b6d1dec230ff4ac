import { watch as watchFolder, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors write a file in several steps; what comes within this is one change. */
const together = 60

/**
 * Calls `changed` after files have changed, been added beside them or removed; never twice at once, and again when
 * something changed meanwhile. `files` is asked anew after each: an edit may import others.
 */
export function watch(files: () => readonly string[], folder: string, changed: (names: readonly string[]) => Promise<void>): { stop(): void } {
  const watchers = new Map<string, FSWatcher>()
  const names = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let busy = false
  let stopped = false

  function look(): void {
    const folders = new Set([folder, ...files().map((file) => dirname(file))])
    for (const [path, watcher] of watchers) {
      if (folders.has(path)) continue
      watcher.close()
      watchers.delete(path)
    }
    for (const path of folders) {
      if (watchers.has(path)) continue
      const watcher = watchFolder(path, (_event, name) => {
        // Editors leave swap files and backups.
        if (name === null || !/\.(m?[tj]s|json)$/.test(name) || /^[.#]|\.(test|example)\./.test(basename(name))) return
        names.add(name)
        clearTimeout(timer)
        timer = setTimeout(() => void run(), together)
      })
      watcher.on('error', () => watchers.delete(path))
      watchers.set(path, watcher)
    }
  }

  async function run(): Promise<void> {
    if (busy || stopped) return
    busy = true
    const changes = [...names]
    names.clear()
    try {
      await changed(changes)
    } finally {
      busy = false
      if (!stopped) {
        look()
        if (names.size > 0) void run()
      }
    }
  }

  look()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
