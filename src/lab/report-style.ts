// How the report looks, in the light and in the dark. A line is known by its colour, and from the eighth on by its dashes.

const COLOURS = ['#2f6fed', '#e8590c', '#2b8a3e', '#c2255c', '#7048e8', '#0c8599', '#a07400']
const DASHES = ['', '7 4', '2 3']
/** How many lines can be told apart. */
const MOST_LINES = COLOURS.length * DASHES.length

const BASE = `
:root { color-scheme: light dark; --text: #1c2330; --soft: #5b6576; --page: #f6f7f9; --card: #fff; --rule: #e3e7ee;
  --band: #f59f0026; --band-text: #b35c00; --best: #2f6fed14; --bad: #e03131; --lift: 0%; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ef; --soft: #98a2b3; --page: #12161d; --card: #1a2029;
  --rule: #2c3542; --band: #f59f0024; --band-text: #ffc078; --best: #6ea0ff22; --bad: #ff8787; --lift: 38%; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 20px 80px; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 0; }
h3 { font-size: 14px; margin: 0 0 2px; }
p { margin: 2px 0 0; color: var(--soft); max-width: 80ch; }
nav { margin-top: 14px; display: flex; flex-wrap: wrap; gap: 6px; }
nav a { padding: 3px 11px; border: 1px solid var(--rule); border-radius: 99px; background: var(--card);
  color: inherit; text-decoration: none; font-size: 13px; }
nav a:hover { border-color: var(--soft); }
section { margin-top: 44px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px 18px; margin-top: 14px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: 6px 12px; text-align: right; border-bottom: 1px solid var(--rule); }
tr:last-child td { border-bottom: 0; }
th { font-weight: 600; font-size: 12.5px; color: var(--soft); }
th:first-child, td:first-child { text-align: left; }
td.best { background: var(--best); font-weight: 600; }
td.bad { color: var(--bad); font-weight: 600; }
.note { color: var(--band-text); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 14px; margin-top: 14px; }
.plots .card { margin-top: 0; }
@media (max-width: 520px) { .plots { grid-template-columns: 1fr; } }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 12px 0 0; padding: 0; list-style: none; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 6px; cursor: default; }
.legend svg { width: 24px; height: 8px; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
.grid { stroke: var(--rule); }
.tick, .axis { fill: var(--soft); }
.band { fill: var(--band); }
.band-name { fill: var(--band-text); font-weight: 600; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke: color-mix(in oklab, var(--c), white var(--lift)); }
.line:hover { stroke-width: 3.5; }
.servers { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 14px 24px; margin-top: 10px; }
.servers span { color: var(--soft); font-size: 12.5px; }
.bar { fill: color-mix(in oklab, #2f6fed, white var(--lift)); }
.bar.cut { fill: var(--bad); }
.fair { stroke: var(--soft); stroke-dasharray: 3 3; }
`

export function reportStyle(): string {
  const lines = Array.from({ length: MOST_LINES }, (_, index) => {
    const dash = DASHES[Math.floor(index / COLOURS.length)]!
    const dashes = dash === '' ? '' : ` stroke-dasharray: ${dash};`
    const colour = `.c${index} { --c: ${COLOURS[index % COLOURS.length]};${dashes} }`
    // Pointing at a strategy in the legend of a scenario makes the others step back.
    return `${colour}\nsection:has(.l${index}:hover) .line:not(.c${index}) { opacity: 0.12; }`
  })
  return `${BASE}${lines.join('\n')}\n`
}
