import type { Report } from './check.ts'
import type { Row } from './judge.ts'
import { leavesOf } from './surfaces.ts'

/** What a colour means; the worst first. Each can be read on white and on black. */
const kinds = [
  { name: 'READABLE', fill: '#c62828', text: '#ffffff' },
  { name: 'READABLE, declared', fill: '#8a5a00', text: '#ffffff' },
  { name: 'sealed', fill: '#2e7d32', text: '#ffffff' },
  { name: 'digest', fill: '#1565c0', text: '#ffffff' },
  { name: 'absent', fill: 'none', text: '#767676' },
] as const
type Kind = (typeof kinds)[number]
const grey = '#767676'

const kindOf = ({ status, declared }: Row): Kind => kinds.find(({ name }) => name === (declared ? `${status}, declared` : status)) ?? kinds[4]
const worst = (rows: readonly Row[]): Kind => rows.map(kindOf).sort((a, b) => kinds.indexOf(a) - kinds.indexOf(b))[0] ?? kinds[4]

const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
const box = { width: 132, height: 34, gap: 26 } as const
const column = box.width + box.gap
const rowHeight = 52
const margin = 24

const shape = (x: number, y: number, label: string, { fill, text }: { readonly fill: string; readonly text: string }, radius: number): string =>
  `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="${radius}" fill="${fill}" stroke="${fill === 'none' ? grey : fill}"/>` +
  `<text x="${x + box.width / 2}" y="${y + box.height / 2 + 4}" text-anchor="middle" fill="${text}">${escaped(label.length > 19 ? `${label.slice(0, 18)}…` : label)}<title>${escaped(label)}</title></text>`

const line = (x1: number, y1: number, x2: number, y2: number, color: string, dashed = false): string =>
  `<path d="M${x1} ${y1} C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}" fill="none" stroke="${color}"${dashed ? ' stroke-dasharray="3 4"' : ' stroke-width="2"'} marker-end="url(#to)"/>`

/** One pipeline: steps from left to right, partners and the reply above them, all that is kept below. */
function flow({ subject: { pipeline }, fields }: Report, top: number): { readonly text: string; readonly width: number; readonly height: number } {
  const steps = leavesOf(pipeline)
  const rows = fields.flatMap((checked) => checked.rows)
  const surfaces = [...new Set(rows.map(({ surface }) => surface))]
  const above = surfaces.filter((surface) => /^partner |^(reply|error|network)$/.test(surface))
  const below = surfaces.filter((surface) => !above.includes(surface))
  const perRow = Math.max(steps.length + 1, above.length, 4)
  const lines = Math.ceil(below.length / perRow)
  const yAbove = top + 34
  const ySteps = yAbove + Math.round(rowHeight * 1.6)
  const yBelow = ySteps + Math.round(rowHeight * 1.8)
  const place = new Map<string, readonly [x: number, y: number]>()
  above.forEach((surface, i) => place.set(surface, [margin + (perRow - above.length + i) * column, yAbove]))
  below.forEach((surface, i) => place.set(surface, [margin + i % perRow * column, yBelow + Math.floor(i / perRow) * rowHeight]))
  const stepAt = (label: string | undefined): number => margin + (1 + Math.max(0, steps.findIndex((step) => step.label === label))) * column

  const parts = [`<text x="${margin}" y="${top + 14}" fill="${grey}" font-weight="bold">${escaped(`${pipeline.name}: ${fields.map(({ field }) => field).join(', ')}`)}</text>`]
  parts.push(`<rect x="${margin + column - 12}" y="${ySteps - 12}" width="${steps.length * column - box.gap + 24}" height="${box.height + 24}" rx="8" fill="none" stroke="${grey}" stroke-dasharray="4 4"/>`)
  parts.push(shape(margin, ySteps, 'sender', { fill: 'none', text: grey }, 17))
  for (const { label } of steps) {
    const x = stepAt(label)
    parts.push(`<path d="M${x - box.gap} ${ySteps + box.height / 2} H${x - 3}" stroke="${grey}" stroke-width="2" fill="none" marker-end="url(#to)"/>`, shape(x, ySteps, label, { fill: 'none', text: grey }, 4))
  }
  for (const surface of surfaces) {
    const [x, y] = place.get(surface) ?? [0, 0]
    const own = rows.filter((row) => row.surface === surface)
    for (const label of new Set(own.flatMap(({ step }) => step === undefined || step === 'runtime' ? [] : [step]))) {
      const kind = worst(own.filter(({ step }) => step === label))
      const from = stepAt(label) + box.width / 2
      parts.push(above.includes(surface) ? line(from, ySteps, x + box.width / 2, y + box.height + 4, kind.fill) : line(from, ySteps + box.height, x + box.width / 2, y - 4, kind.fill))
    }
    parts.push(shape(x, y, surface, worst(own), surface.startsWith('partner ') ? 17 : 4))
  }
  return { text: parts.join('\n'), width: margin * 2 + perRow * column, height: yBelow - top + lines * rowHeight + 16 }
}

/** Where fields come to, as a picture: each place in the colour of the worst that it holds. */
export function svg(reports: readonly Report[]): string {
  const parts: string[] = []
  let top = margin
  let width = 0
  for (const report of reports) {
    const made = flow(report, top)
    parts.push(`<g>\n${made.text}\n</g>`)
    top += made.height
    width = Math.max(width, made.width)
  }
  const legend = kinds.map((kind, i) => shape(margin + i * column, top, kind.name, kind, 4)).join('\n')
  width = Math.max(width, margin * 2 + kinds.length * column)
  const height = top + box.height + margin
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" role="img">
<title>Where ${escaped([...new Set(reports.flatMap(({ fields }) => fields.map(({ field }) => field)))].join(', '))} can be read</title>
<defs><marker id="to" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="${grey}"/></marker></defs>
${parts.join('\n')}
<g>
${legend}
</g>
</svg>
`
}
