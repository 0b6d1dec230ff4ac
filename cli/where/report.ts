import { paint } from '../screen.ts'
import { isLeak, type Row } from './judge.ts'
import { passes, type Checked, type Report } from './check.ts'

const statusOf = ({ status, declared }: Row): string => declared ? `${status}, declared` : status
const whatOf = ({ how = '' }: Row): string => how
const cells = (row: Row): readonly string[] => [row.surface, statusOf(row), row.step ?? '', isLeak(row) ? [whatOf(row), row.scenario].filter((each) => each !== '' && each !== undefined).join('; first seen: ') : whatOf(row)]

/** One line: whether all is as the definition says. */
export function verdict({ rows, leaks }: Checked): string {
  const readable = rows.filter(({ status }) => status === 'READABLE')
  if (leaks) {
    const where = [...new Set(readable.filter(isLeak).map(({ surface, step }) => `${surface} (${step})`))]
    return `READABLE where the definition does not say so: ${where.join(', ')}`
  }
  const declared = [...new Set(readable.map(({ surface }) => surface))]
  const sealed = [...new Set(rows.filter(({ status }) => status === 'sealed').map(({ surface }) => surface))]
  return [declared.length > 0 ? `readable only as declared: ${declared.join(', ')}` : 'readable nowhere', ...sealed.length > 0 ? [`sealed: ${sealed.join(', ')}`] : []].join('; ')
}

const titles = ['surface', 'what', 'step', 'how'] as const

const paints: readonly (readonly [RegExp, Parameters<typeof paint>[0]])[] = [
  [/^(READABLE, declared)/, 'yellow'], [/^(READABLE)/, ['bold', 'red']], [/^(sealed)/, 'green'], [/^(digest)/, 'cyan'], [/^(absent)/, 'dim'],
]

/** For a terminal; plain when piped. */
export function page(report: Report): string {
  return [
    ...report.fields.map((checked) => {
      const rows = [titles, ...checked.rows.map(cells)]
      const widths = titles.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
      const lines = rows.map((row, at) => row.map((cell, i) => {
        const padded = i === 3 ? cell : cell.padEnd(widths[i] ?? 0)
        if (at === 0) return paint('dim', padded)
        const [, format] = i === 1 ? paints.find(([shape]) => shape.test(cell)) ?? [] : []
        return format === undefined ? padded : paint(format, padded)
      }).join('  ').trimEnd())
      return [
        paint('bold', `${report.subject.pipeline.name}: ${checked.field}`), ...lines,
        paint(checked.leaks ? ['bold', 'red'] : 'green', verdict(checked)), ...checked.notes.map((note) => `note: ${note}`),
      ].join('\n')
    }),
    ...foot(report),
  ].join('\n\n')
}

/** What holds for the pipeline, whatever the field. */
const foot = ({ subject: { pipeline: { name } }, scenarios, unreached, connecting }: Report): string[] => [[
  `${name}: ${scenarios} scenarios, each twice with other values`,
  ...unreached.length > 0 ? [`never reached, so nothing is known of them: ${unreached.join(', ')}`] : [],
  ...connecting.length > 0 ? [`opened connections of their own, and what they send is not seen: ${connecting.join(', ')}`] : [],
].join('\n')]

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`)

/** For a pull request. */
export const markdown = (report: Report): string => [
  ...report.fields.map((checked) => [
    `### ${report.subject.pipeline.name}: \`${checked.field}\``, '',
    `${checked.leaks ? '**' : ''}${verdict(checked)}${checked.leaks ? '**' : ''}`, '',
    `| ${titles.join(' | ')} |`, `|${titles.map(() => ' --- ').join('|')}|`,
    ...checked.rows.map((row) => `| ${cells(row).map((text, i) => i === 1 && isLeak(row) ? `**${cell(text)}**` : cell(text)).join(' | ')} |`),
    ...checked.notes.map((note) => `\nnote: ${note}`),
  ].join('\n')),
  ...foot(report),
].join('\n\n')

/** For a machine. */
export const plain = (report: Report): object => ({
  pipeline: report.subject.pipeline.name, passes: passes(report), scenarios: report.scenarios, unreached: report.unreached, connecting: report.connecting,
  fields: report.fields.map((checked) => ({ field: checked.field, leaks: checked.leaks, verdict: verdict(checked), surfaces: checked.rows, notes: checked.notes })),
})
