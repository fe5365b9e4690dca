// The comparisons as one HTML page that needs nothing else: tables and plots, for light and dark screens.
import type { Comparison, ScenarioFacts } from './comparison.ts'
import { escapeXml, linePlot, PLOT } from './line-plot.ts'
import { factor, millis, roundMillis, roundShare, share } from './numbers.ts'
import { COLUMNS, factLine } from './report-columns.ts'
import { reportStyle } from './report-style.ts'
import type { Result, Stretch } from './result.ts'
import { linearScale, logScale, ninesScale } from './scales.ts'
import { serverBars } from './server-bars.ts'

export function reportHtml(comparisons: readonly Comparison[]): string {
  const links = comparisons.map(({ scenario }, index) => `<a href="#s${index}">${escapeXml(scenario.name)}</a>`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>octoload laboratory</title>
<style>${reportStyle()}</style>
</head>
<body>
<main>
<h1>octoload laboratory</h1>
<p>Every strategy of a scenario meets the same requests and the same faults. Latencies are those of exchanges that were
answered well. Point at a name in a legend to see its lines alone.</p>
${links.length > 1 ? `<nav>${links.join('')}</nav>` : ''}
${comparisons.map(section).join('\n')}
</main>
</body>
</html>
`
}

function section({ scenario, results }: Comparison, index: number): string {
  const plots = [quantilePlot(results), timePlot(scenario, results), failurePlot(scenario, results)]
  return `<section id="s${index}">
<h2>${escapeXml(scenario.name)}</h2>
<p>${escapeXml(scenario.summary)} ${escapeXml(factLine(scenario))}.</p>
${scenario.notes.map((note) => `<p class="note">${escapeXml(note)}</p>`).join('')}
<div class="card scroll">${table(results)}</div>
${legend(results)}
<div class="plots">
${plots.filter((plot) => plot !== '').join('\n')}
</div>
${servers(results)}
</section>`
}

function table(results: readonly Result[]): string {
  const head = COLUMNS.map(({ heading }) => `<th>${heading}</th>`).join('')
  const rows = results.map((result) => {
    const cells = COLUMNS.map((column) => {
      const value = column.value?.(result)
      const isBest =
        value !== undefined && results.length > 1 && results.every((other) => value <= column.value!(other))
      const cells = results.map((other) => column.value?.(other))
      const differs = cells.some((other) => other !== value)
      const tone = column.heading === 'failures' && result.failed > 0 ? ' class="bad"' : ''
      return `<td${isBest && differs ? ' class="best"' : tone}>${escapeXml(column.cell(result))}</td>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`
}

function legend(results: readonly Result[]): string {
  const items = results.map(({ strategy }, index) => {
    const line = `<svg viewBox="0 0 24 8"><path class="line c${index}" d="M0 4H24"/></svg>`
    return `<li class="l${index}">${line}${escapeXml(strategy)}</li>`
  })
  return `<ul class="legend">${items.join('')}</ul>`
}

function card(title: string, text: string, plot: string): string {
  return `<div class="card"><h3>${title}</h3><p>${text}</p>${plot}</div>`
}

function quantilePlot(results: readonly Result[]): string {
  const { left, width, right, top, height, bottom } = PLOT
  const all = results.flatMap(({ quantiles }) => quantiles)
  if (all.length === 0) return ''
  const most = Math.max(...all.map(([at]) => at))
  const plot = linePlot({
    label: 'Latency by percentile',
    x: ninesScale(most, left, width - right),
    // The quickest of all exchanges say little, and would take half of the plot.
    y: logScale(
      all.flatMap(([at, value]) => (at >= 0.1 ? [value] : [])),
      height - bottom,
      top,
      roundMillis,
    ),
    xTitle: 'share of the exchanges',
    yTitle: 'latency below',
    lines: results.map(({ strategy, quantiles, p50, p99, p999 }) => ({
      name: strategy,
      detail: `p50 ${millis(p50)}, p99 ${millis(p99)}, p99.9 ${millis(p999)}`,
      points: quantiles.filter(([at]) => at >= 0.1),
    })),
  })
  return card('Latency', 'What share of the exchanges stays below which latency.', plot)
}

function timePlot(scenario: ScenarioFacts, results: readonly Result[]): string {
  const { top, height, bottom } = PLOT
  const values = results.flatMap(({ series }) => series.flatMap(({ p99 }) => (p99 > 0 ? [p99] : [])))
  if (values.length === 0) return ''
  const plot = linePlot({
    label: 'p99 over time',
    ...timeAxis(scenario, results),
    y: logScale(values, height - bottom, top, roundMillis),
    yTitle: 'p99',
    lines: results.map(({ strategy, p99, series }) => ({
      name: strategy,
      detail: `p99 ${millis(p99)} over all`,
      points: series.filter((stretch) => stretch.p99 > 0).map((stretch) => [stretch.at / 1000, stretch.p99]),
    })),
  })
  return card('p99 over time', 'Of the exchanges that began in each hundredth of the time.', plot)
}

function failurePlot(scenario: ScenarioFacts, results: readonly Result[]): string {
  if (results.every(({ failed }) => failed === 0)) return ''
  const { top, height, bottom } = PLOT
  const failing = ({ failed, exchanges }: Stretch): number => (exchanges === 0 ? 0 : failed / exchanges)
  const most = Math.max(...results.flatMap(({ series }) => series.map(failing)))
  const plot = linePlot({
    label: 'Failures over time',
    ...timeAxis(scenario, results),
    y: linearScale(most, height - bottom, top, roundShare),
    yTitle: 'exchanges that fail',
    lines: results.map(({ strategy, failed, exchanges, series }) => ({
      name: strategy,
      detail: `${share(failed / Math.max(1, exchanges))} over all`,
      points: series.map((stretch) => [stretch.at / 1000, failing(stretch)]),
    })),
  })
  return card('Failures over time', 'Share of the exchanges that began in each hundredth of the time.', plot)
}

function timeAxis(scenario: ScenarioFacts, results: readonly Result[]) {
  const { left, width, right } = PLOT
  const stretches = results[0]?.series ?? []
  const step = (stretches[1]?.at ?? 0) - (stretches[0]?.at ?? 0)
  const end = ((stretches.at(-1)?.at ?? 0) + step / 2) / 1000
  const bands = scenario.faults.flatMap(({ kind, from, to }) =>
    // What is always there needs no telling when.
    from === null || from >= end ? [] : [{ from, to: Math.min(to ?? end, end), name: kind }],
  )
  const seconds = (value: number): string => `${Number(value.toPrecision(6))} s`
  return { x: linearScale(end, left, width - right, seconds), xTitle: 'time after the warm-up', bands }
}

function servers(results: readonly Result[]): string {
  const highest = Math.max(...results.map(({ imbalance }) => imbalance))
  const most = Math.min(3, Math.max(1.5, highest))
  const plots = results.map(({ strategy, imbalance, servers }) => {
    const note = `${factor(imbalance)} × its share at most`
    return `<div><h3>${escapeXml(strategy)}</h3><span>${note}</span>${serverBars(strategy, servers, most)}</div>`
  })
  const cut = highest > most ? ` Red bars go on beyond ${factor(most)}.` : ''
  const order = (results[0]?.servers.length ?? 0) > 60 ? ', sorted' : ''
  return `<div class="card"><h3>Load over the servers</h3><p>Attempts at each server${order}, measured against what it can bear;
the dashed line is its share.${cut}</p><div class="servers">${plots.join('\n')}</div></div>`
}
