// How the load lies over the servers, as SVG: a bar for each server, as high as its load is measured against its share.
import { escapeXml, px } from './line-plot.ts'
import { factor } from './numbers.ts'
import type { ServerResult } from './result.ts'

const WIDTH = 240
const HEIGHT = 84
const FLOOR = 78
const ROOM = 68
/** More servers than this are sorted, and neighbours share a bar. */
const MOST_BARS = 60

/** `most` is the load that a bar of full height stands for; what is more is cut off. */
export function serverBars(name: string, servers: readonly ServerResult[], most: number): string {
  const bars = barsOf(servers.map(({ relative }) => relative))
  const step = WIDTH / bars.length
  const gap = bars.length > 30 ? 0.5 : Math.min(3, step / 4)
  const fair = px(FLOOR - ROOM / most)
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(`Load over the servers with ${name}`)}">`,
    ...bars.map((value, index) => {
      const height = Math.max(0.5, (Math.min(value, most) / most) * ROOM)
      const cut = value > most ? ' cut' : ''
      const place = `x="${px(index * step + gap / 2)}" y="${px(FLOOR - height)}"`
      const size = `width="${px(Math.max(0.5, step - gap))}" height="${px(height)}"`
      return `<rect class="bar${cut}" ${place} ${size}><title>${factor(value)} × its share</title></rect>`
    }),
    `<line class="fair" x1="0" x2="${WIDTH}" y1="${fair}" y2="${fair}"/>`,
    '</svg>',
  ].join('')
}

function barsOf(values: readonly number[]): number[] {
  if (values.length <= MOST_BARS) return [...values]
  const sorted = values.toSorted((one, other) => other - one)
  return Array.from({ length: MOST_BARS }, (_, bar) => {
    const from = Math.floor((bar * sorted.length) / MOST_BARS)
    const to = Math.floor(((bar + 1) * sorted.length) / MOST_BARS)
    return sorted.slice(from, to).reduce((sum, value) => sum + value, 0) / (to - from)
  })
}
