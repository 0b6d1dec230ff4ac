import { randomUUID } from 'node:crypto'
import type { LambdaFunction, Outcome } from './function.ts'
import type { FunctionProcess } from './process.ts'
import type { Invocation, Report } from './runtime-api.ts'

/** What a pool needs of the outside: a way to start a process, and to note Lambda's own lines. */
export interface PoolSettings {
  readonly region: string
  readonly account: string
  /** Processes of one function at most; more invocations wait for one. */
  readonly concurrency: number
  readonly initSeconds: number
  start(on: { idle(): void; gone(how: string): void }): FunctionProcess
  forget(id: string): void
  note(text: string): void
}

export interface Pool {
  invoke(event: string): Promise<Outcome>
  /** Starts a process before there is work for it. */
  warm(): void
  /** Takes nothing more: ends each process when it has done what it had begun. */
  drain(): void
  /** Ends every process; what still runs or waits fails. */
  stop(): void
  readonly size: number
}

interface Job {
  readonly id: string
  readonly event: string
  readonly settle: (outcome: Outcome) => void
}

interface Member {
  process: FunctionProcess
  state: 'starting' | 'idle' | 'busy'
  /** Ends the job it works on. */
  job?: { readonly settle: (outcome: Outcome) => void; readonly timer: NodeJS.Timeout; readonly id: string } | undefined
  timer?: NodeJS.Timeout
}

/** The processes of one function: started on demand, kept warm, one invocation each; more wait in line. */
export function pool(fn: LambdaFunction, settings: PoolSettings): Pool {
  const waiting: Job[] = []
  const members = new Set<Member>()
  let stopped = false
  let draining = false
  const arn = `arn:aws:lambda:${settings.region}:${settings.account}:function:${fn.name}`
  const count = (state: Member['state']): number => [...members].filter((member) => member.state === state).length

  function finish(member: Member, outcome: Outcome): void {
    const { job } = member
    if (job === undefined) return
    clearTimeout(job.timer)
    member.job = undefined
    job.settle(outcome)
  }

  function reported(member: Member, report: Report): void {
    if ('response' in report) finish(member, { ok: true, payload: report.response })
    else if ('error' in report) finish(member, { ok: false, reason: 'handler', message: errorType(report.error) })
    else {
      settings.note('Function.ResponseSizeTooLarge: the reply exceeds 6291556 bytes')
      finish(member, { ok: false, reason: 'response-size', message: 'Function.ResponseSizeTooLarge' })
    }
  }

  /** The time of a function begins when a process takes the invocation, not while it waits. */
  function assign(member: Member, job: Job): void {
    const timeoutMs = fn.timeoutSeconds * 1000
    const timer = setTimeout(() => {
      const message = `Task timed out after ${fn.timeoutSeconds.toFixed(2)} seconds`
      settings.note(`${new Date().toISOString()} ${job.id} ${message}`)
      settings.forget(job.id)
      finish(member, { ok: false, reason: 'timeout', message: `${job.id} ${message}` })
      retire(member)
    }, timeoutMs)
    member.state = 'busy'
    member.job = { settle: job.settle, timer, id: job.id }
    const invocation: Invocation = { id: job.id, event: job.event, arn, deadline: Date.now() + timeoutMs }
    member.process.give(invocation, (report) => reported(member, report))
  }

  /** Out of the pool at once: another may start in its place while this one dies. */
  function retire(member: Member): void {
    end(member)
    pump()
  }

  function gone(member: Member, how: string): void {
    if (!members.delete(member)) return
    clearTimeout(member.timer)
    if (member.state !== 'idle') settings.note(`${member.job?.id ?? 'init'} ${how}`)
    if (member.job) {
      settings.forget(member.job.id)
      finish(member, { ok: false, reason: 'exit', message: how })
    } else if (member.state === 'starting') {
      // A function that cannot start fails one invocation per attempt, or the line would never move.
      waiting.shift()?.settle({ ok: false, reason: 'init', message: how })
    }
    pump()
  }

  function start(): void {
    const member: Member = { state: 'starting', process: undefined as unknown as FunctionProcess }
    members.add(member)
    member.timer = setTimeout(() => {
      settings.note(`init timed out after ${settings.initSeconds} seconds`)
      waiting.shift()?.settle({ ok: false, reason: 'init', message: 'init timed out' })
      retire(member)
    }, settings.initSeconds * 1000)
    member.process = settings.start({
      idle() {
        clearTimeout(member.timer)
        member.state = 'idle'
        pump()
      },
      gone: (how) => gone(member, how),
    })
  }

  function pump(): void {
    if (stopped) return
    for (const member of members) {
      if (member.state !== 'idle') continue
      const job = waiting.shift()
      if (job === undefined) return
      assign(member, job)
    }
    while (waiting.length > count('starting') && members.size < settings.concurrency) start()
    if (draining) for (const member of members) if (member.state !== 'busy' && waiting.length === 0) end(member)
  }

  function end(member: Member): void {
    members.delete(member)
    clearTimeout(member.timer)
    member.process.kill()
  }

  return {
    invoke: (event) => new Promise((settle) => {
      if (stopped) return settle({ ok: false, reason: 'stopped', message: 'the supervisor has stopped' })
      waiting.push({ id: randomUUID(), event, settle })
      pump()
    }),
    warm: start,
    drain() {
      draining = true
      pump()
    },
    stop() {
      stopped = true
      const outcome: Outcome = { ok: false, reason: 'stopped', message: 'the supervisor has stopped' }
      for (const job of waiting.splice(0)) job.settle(outcome)
      for (const member of members) {
        clearTimeout(member.timer)
        finish(member, outcome)
        member.process.kill()
      }
      members.clear()
    },
    get size() {
      return members.size
    },
  }
}

function errorType(json: string): string {
  try {
    const { errorType } = JSON.parse(json) as { errorType?: unknown }
    return typeof errorType === 'string' ? errorType : 'Error'
  } catch {
    return 'Error'
  }
}
