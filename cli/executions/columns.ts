import { paint } from '../screen.ts'

type Format = Parameters<typeof paint>[0]

/** A cell that is painted once its width is known. */
export interface Painted {
  readonly text: string
  readonly format: Format
}

export type Cell = string | Painted

const wordsOf = (cell: Cell): string => typeof cell === 'string' ? cell : cell.text

/** Columns as wide as their content below a line of titles; those whose title begins with `>` end at the right, as numbers do. */
export function columns(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const words = titles.map((title) => title.replace('>', ''))
  const widths = words.map((title, i) => Math.max(title.length, ...rows.map((row) => wordsOf(row[i] ?? '').length)))
  const line = (cells: readonly Cell[]): string => cells.map((cell, i) => {
    const text = wordsOf(cell)
    const gap = ' '.repeat((widths[i] ?? 0) - text.length)
    const shown = typeof cell === 'string' ? text : paint(cell.format, text)
    return titles[i]?.startsWith('>') === true ? gap + shown : i === cells.length - 1 ? shown : shown + gap
  }).join('  ').trimEnd()
  return [line(words.map((text) => ({ text, format: 'dim' }))), ...rows.map(line)].join('\n')
}
