import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Text for standard output; plain when that is no terminal, or with NO_COLOR. */
export const paint = (format: Format, text: string): string => styleText(format, text, { stream: process.stdout })

export const say = (text = ''): void => { process.stdout.write(`${text}\n`) }

/** Columns as wide as their content, below a line of titles. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()
  return [paint('dim', line(titles)), ...rows.map(line)].join('\n')
}

/** Tells on standard error what is being done and how long it took: one line a stage, which a terminal sees grow. */
export function stages(): { next(what: string): void; done(): void; note(sentence: string): void } {
  const { stderr } = process
  const color = (format: Format, text: string): string => styleText(format, text, { stream: stderr })
  let current: { what: string; since: number; timer: NodeJS.Timeout | undefined } | undefined
  const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`
  const draw = (): void => {
    if (current) stderr.write(`\r${color('cyan', '…')} ${current.what} ${color('dim', seconds(current.since))}\u001B[K`)
  }
  const finish = (): void => {
    if (!current) return
    clearInterval(current.timer)
    if (stderr.isTTY) stderr.write(`\r${color('green', '✓')} ${current.what} ${color('dim', seconds(current.since))}\u001B[K\n`)
    else stderr.write(`${current.what}: ${seconds(current.since)}\n`)
    current = undefined
  }
  return {
    next(what) {
      finish()
      current = { what, since: performance.now(), timer: stderr.isTTY ? setInterval(draw, 100) : undefined }
      if (stderr.isTTY) draw()
    },
    done: finish,
    note(sentence) {
      stderr.write(`${stderr.isTTY ? '\r\u001B[K' : ''}${color('yellow', sentence)}\n`)
    },
  }
}
