// A plot of one line for each strategy, as SVG. Colours come from the classes `c0`, `c1`, … (report-style.ts).
import type { Scale } from './scales.ts'

/** Two of them stand side by side at about 500 pixels each, so that a unit is nearly a pixel and the text can be read. */
export const PLOT = { width: 560, height: 290, left: 70, right: 14, top: 14, bottom: 46 } as const

export interface Line {
  readonly name: string
  /** What the pointer is told. */
  readonly detail: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface LinePlot {
  /** For those who cannot see it. */
  readonly label: string
  readonly x: Scale
  readonly y: Scale
  readonly xTitle: string
  readonly yTitle: string
  readonly lines: readonly Line[]
  /** Stretches of x that are shaded, with what they are. */
  readonly bands?: readonly { readonly from: number; readonly to: number; readonly name: string }[]
}

export function linePlot({ label, x, y, xTitle, yTitle, lines, bands = [] }: LinePlot): string {
  const { width, height, left, right, top, bottom } = PLOT
  const floor = height - bottom
  const middle = top + (floor - top) / 2
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(label)}">`,
    ...bands.map(({ from, to, name }) => {
      const start = x.place(from)
      const size = Math.max(2, x.place(to) - start)
      const box = `<rect class="band" x="${px(start)}" y="${top}" width="${px(size)}" height="${floor - top}"/>`
      return `${box}<text class="band-name" x="${px(start + 5)}" y="${top + 14}">${escapeXml(name)}</text>`
    }),
    ...y.ticks.map(({ value, text }) => {
      const at = px(y.place(value))
      const line = `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/>`
      return `${line}<text class="tick" x="${left - 8}" y="${at}" dy="0.35em" text-anchor="end">${escapeXml(text)}</text>`
    }),
    ...x.ticks.map(({ value, text }) => {
      const at = px(x.place(value))
      const line = `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${floor}"/>`
      return `${line}<text class="tick" x="${at}" y="${floor + 18}" text-anchor="middle">${escapeXml(text)}</text>`
    }),
    `<text class="axis" x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">${escapeXml(xTitle)}</text>`,
    `<text class="axis" transform="translate(14 ${middle}) rotate(-90)" text-anchor="middle">${escapeXml(yTitle)}</text>`,
    ...lines.map((line, index) => pathOf(line, index, x, y)),
    '</svg>',
  ].join('\n')
}

function pathOf({ name, detail, points }: Line, index: number, x: Scale, y: Scale): string {
  if (points.length === 0) return ''
  const steps = points.map(([atX, atY], step) => `${step === 0 ? 'M' : 'L'}${px(x.place(atX))} ${px(y.place(atY))}`)
  const title = `<title>${escapeXml(`${name}: ${detail}`)}</title>`
  return `<path class="line c${index}" d="${steps.join('')}">${title}</path>`
}

/** A tenth of a unit is finer than anybody sees. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
