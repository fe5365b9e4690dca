// Which of its two formats the metrics path answers in. JSON is the default, for people, browsers and curl alike;
// a scraper is known by its Accept header (RFC 9110 section 12.5.1), and `?format=` overrules everything.
import { formatContractMetrics } from './contract-metrics.ts'
import { formatPrometheus } from './prometheus.ts'
import type { Snapshot } from './snapshot.ts'

export interface MetricsAnswer {
  readonly contentType: string
  readonly body: string
}

/** `accept` is the value of the request's Accept header, or empty; `query` what follows the `?` of its target. */
export function metricsAnswer(snapshot: Snapshot, accept: string, query: string): MetricsAnswer {
  const format = new URLSearchParams(query).get('format')
  const prometheus = format === 'prometheus' || (format !== 'json' && wantsPrometheus(accept))
  return prometheus
    ? { contentType: 'text/plain; version=0.0.4; charset=utf-8', body: formatPrometheus(snapshot) }
    : { contentType: 'application/json', body: formatContractMetrics(snapshot) }
}

/**
 * A scraper names OpenMetrics or a version of the text format. Plain `text/plain` counts too, unless JSON or HTML is
 * named beside it, as libraries and browsers do.
 */
function wantsPrometheus(accept: string): boolean {
  let scraper = 0
  let text = 0
  let other = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const quality = qualityOf(parameters)
    if (type === 'application/openmetrics-text') scraper = Math.max(scraper, quality)
    else if (type === 'text/plain' && parameters.some(isVersion)) scraper = Math.max(scraper, quality)
    else if (type === 'text/plain') text = Math.max(text, quality)
    else if (type === 'application/json' || type === 'text/html') other = Math.max(other, quality)
  }
  return other === 0 ? Math.max(scraper, text) > 0 : scraper >= other
}

/** The weight `q` of a media range: 1 when it is missing, 0 when it cannot be read. */
function qualityOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => parameter.startsWith('q='))
  if (written === undefined) return 1
  const quality = Number(written.slice(2))
  return quality >= 0 && quality <= 1 ? quality : 0
}

function isVersion(parameter: string): boolean {
  return parameter.startsWith('version=')
}
