import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { source } from '../infra/home.ts'

/** A process of ours that speaks by IPC: it announces itself with its first message and ends when we do. */
export interface Child<Order, Notice> {
  readonly pid: number
  readonly first: Notice
  send(order: Order): void
  /** Ends it, by force after two seconds. */
  stop(): Promise<void>
}

export interface ChildSettings<Notice> {
  /** What it is called in sentences: `the stand-in for AWS`. */
  readonly title: string
  /** Below this folder, without its ending. */
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  /** What it prints goes here. */
  readonly output: string
  readonly notice?: (notice: Notice) => void
  /** It ended although nobody asked it to. */
  readonly gone?: (how: string) => void
}

const startSeconds = 60

/** Starts one, in a process group of its own: the terminal's Ctrl-C reaches us alone, and nothing of a group survives its leader. */
export async function startChild<Order, Notice>({ title, script, env, output, notice, gone }: ChildSettings<Notice>): Promise<Child<Order, Notice>> {
  const child: ChildProcess = spawn(process.execPath, [source(`local/${script}`)], {
    env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true,
  })
  const file = createWriteStream(output, { flags: 'a', mode: 0o600 })
  file.on('error', () => { /* what it prints is for reading along, no more */ })
  let last = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      last = chunk.toString().trim().split('\n').at(-1) ?? last
      file.write(chunk)
    })
  }
  let stopping = false
  let over = false
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  const first = await new Promise<Notice>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${title} did not start within ${startSeconds} seconds`)), startSeconds * 1000)
    child.once('message', (message) => {
      clearTimeout(late)
      resolve(message as Notice)
    })
    void ended.then((how) => {
      clearTimeout(late)
      over = true
      file.end()
      killGroup(child.pid)
      reject(new Error(`${title} did not start: ${last || how}`))
    })
  }).catch((error: unknown) => {
    killGroup(child.pid)
    throw error
  })
  child.on('message', (message) => notice?.(message as Notice))
  void ended.then((how) => { if (!stopping) gone?.(how) })
  return {
    pid: child.pid ?? 0,
    first,
    send(order) {
      if (child.connected) child.send(order as object)
    },
    async stop() {
      stopping = true
      if (over) return
      child.kill('SIGTERM')
      const force = setTimeout(() => killGroup(child.pid), 2_000)
      await ended
      clearTimeout(force)
    },
  }
}

/** Also what it left behind when it was killed: function processes that are busy notice late that they are alone. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
