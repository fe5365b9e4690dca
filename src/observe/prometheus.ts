// A snapshot in the text format of Prometheus, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/. Units are base units: seconds and bytes.
import type { ServerSnapshot, Snapshot, UpstreamSnapshot, WorkerSnapshot } from './snapshot.ts'
import { VERSION } from './version.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

const NO_LABELS: Labels = {}

export function formatPrometheus(snapshot: Snapshot): string {
  const { servers, upstreams, workers } = snapshot
  return (
    wholeProcess(snapshot) +
    clientSide(snapshot) +
    byUpstream(upstreams) +
    serverSide(servers) +
    durations(servers) +
    byWorker(workers)
  )
}

function wholeProcess({ startedAt, totals }: Snapshot): string {
  const build = { version: VERSION, node: process.versions.node }
  const cpu = process.cpuUsage()
  return (
    gauge('octoload_build_info', 'The version of octoload and of Node.js.', [[build, 1]]) +
    one(gauge, 'process_start_time_seconds', 'Start time since 1970 in seconds.', startedAt / 1000) +
    one(counter, 'process_cpu_seconds_total', 'CPU time used, user and system.', (cpu.user + cpu.system) / 1e6) +
    one(gauge, 'process_resident_memory_bytes', 'Memory in use.', process.memoryUsage.rss()) +
    one(
      counter,
      'octoload_log_lines_dropped_total',
      'Log lines that were never written; the reader was too slow.',
      totals.logLinesDropped,
    )
  )
}

function clientSide({ totals, failures, ownAnswers }: Snapshot): string {
  const reasons = Object.entries(failures).map(([reason, value]): Sample => [{ reason }, value])
  const codes = Object.entries(ownAnswers).map(([code, value]): Sample => [{ code }, value])
  return (
    one(counter, 'octoload_received_requests_total', 'Requests of clients.', totals.requests) +
    one(counter, 'octoload_failed_requests_total', 'Requests that failed for good.', totals.failed) +
    counter('octoload_failures_total', 'Failures of exchanges by reason.', reasons) +
    counter('octoload_own_answers_total', 'Answers that octoload gave itself, by status code.', codes) +
    one(gauge, 'octoload_exchanges_active', 'Exchanges with clients under way.', totals.exchangesActive) +
    one(counter, 'octoload_retries_total', 'Further attempts after a failed one.', totals.retries) +
    one(
      counter,
      'octoload_retries_over_budget_total',
      'Retries that the retry budget did not allow.',
      totals.retriesOverBudget,
    ) +
    counter('octoload_retries_by_reason_total', 'Further attempts by what was the matter with the one before.', [
      [{ reason: 'connect_failure' }, totals.retriesConnectFailure],
      [{ reason: 'reset' }, totals.retriesReset],
      [{ reason: 'timeout' }, totals.retriesTimeout],
      [{ reason: 'status' }, totals.retriesStatus],
    ]) +
    one(counter, 'octoload_hedges_total', 'Second attempts beside a slow first one.', totals.hedges) +
    one(counter, 'octoload_hedges_won_total', 'Hedges whose response the client got.', totals.hedgesWon) +
    one(
      counter,
      'octoload_hedges_over_budget_total',
      'Hedges that the retry budget did not allow.',
      totals.hedgesOverBudget,
    ) +
    one(counter, 'octoload_client_connections_total', 'Connections accepted.', totals.clientConnections) +
    one(gauge, 'octoload_client_connections_active', 'Connections of clients open.', totals.clientConnectionsActive) +
    one(counter, 'octoload_tunnels_total', 'Tunnels opened after a 101 response.', totals.tunnels) +
    one(gauge, 'octoload_tunnels_active', 'Tunnels open.', totals.tunnelsActive) +
    one(counter, 'octoload_request_bytes_total', 'Bytes of request bodies received.', totals.requestBytes) +
    one(counter, 'octoload_response_bytes_total', 'Bytes of response bodies sent.', totals.responseBytes)
  )
}

function byUpstream(upstreams: readonly UpstreamSnapshot[]): string {
  const each = (value: (upstream: UpstreamSnapshot) => number) =>
    upstreams.map((upstream): Sample => [{ upstream: upstream.name }, value(upstream)])
  const waiting = upstreams.flatMap((upstream) =>
    Object.entries(upstream.waiting).map(([priority, value]): Sample => [{ upstream: upstream.name, priority }, value]),
  )
  return (
    gauge(
      'octoload_upstream_active',
      'Exchanges under way with the upstream, where it has a limit or a queue.',
      each(({ active }) => active),
    ) +
    gauge(
      'octoload_upstream_limit',
      'Most exchanges at a time with the upstream, as set or as found out; 0 when there is no limit.',
      each(({ limit }) => limit),
    ) +
    gauge('octoload_upstream_waiting', 'Exchanges that wait for a place, by priority.', waiting) +
    counter(
      'octoload_upstream_queued_total',
      'Exchanges that waited for a place and were let in.',
      each(({ queued }) => queued),
    ) +
    counter(
      'octoload_upstream_queue_seconds_total',
      'How long these waited in all.',
      each(({ queuedMillis }) => queuedMillis / 1000),
    )
  )
}

function serverSide(servers: readonly ServerSnapshot[]): string {
  const each = (value: (server: ServerSnapshot) => number) =>
    servers.map((server): Sample => [labelsOf(server), value(server)])
  const answers = servers.flatMap((server) =>
    Object.entries(server.statuses).map(([code, value]): Sample => [{ ...labelsOf(server), code }, value]),
  )
  return (
    counter('octoload_requests_total', 'Requests that a server answered, by status code.', answers) +
    gauge(
      'octoload_server_up',
      'Whether the server is healthy: 1 when up, 0 when down or draining.',
      each((server) => (server.health === 'up' ? 1 : 0)),
    ) +
    standing(each) +
    gauge(
      'octoload_server_weight',
      'Weight of the server.',
      each((server) => server.weight),
    ) +
    gauge(
      'octoload_server_max_active',
      'Most exchanges at a time with the server; 0 when there is no limit.',
      each((server) => server.maxActive),
    ) +
    gauge(
      'octoload_exchanges_in_flight',
      'Exchanges under way with the server.',
      each((server) => server.inFlight),
    ) +
    counter(
      'octoload_server_picks_total',
      'How often the server was chosen, retries included.',
      each((server) => server.picked),
    ) +
    counter(
      'octoload_server_failures_total',
      'Attempts that failed on the server.',
      each((server) => server.failed),
    ) +
    counter(
      'octoload_server_connections_total',
      'Connections opened to the server.',
      each((server) => server.connections),
    ) +
    gauge(
      'octoload_server_connections_active',
      'Connections to the server open, idle ones included.',
      each((server) => server.connectionsActive),
    ) +
    gauge(
      'octoload_server_connections_idle',
      'Connections to the server open and idle.',
      each((server) => server.connectionsIdle),
    )
  )
}

/** What keeps a server that is up from its share of the work. */
function standing(each: (value: (server: ServerSnapshot) => number) => Sample[]): string {
  return (
    gauge(
      'octoload_server_ejected',
      'Whether outlier detection leaves the server out: 1, else 0.',
      each((server) => (server.ejected ? 1 : 0)),
    ) +
    counter(
      'octoload_server_ejections_total',
      'How often outlier detection has ejected the server.',
      each((server) => server.ejections),
    ) +
    gauge(
      'octoload_server_breaker_state',
      'Circuit breaker of the server: 0 closed, 1 half-open, 2 open.',
      each((server) => ({ closed: 0, half_open: 1, open: 2 })[server.breaker]),
    ) +
    counter(
      'octoload_server_breaker_openings_total',
      'How often the circuit breaker of the server has opened.',
      each((server) => server.breakerOpenings),
    ) +
    gauge(
      'octoload_server_withdrawn',
      'Whether the server has asked for no new exchanges: 1, else 0.',
      each((server) => (server.withdrawn ? 1 : 0)),
    ) +
    gauge(
      'octoload_server_weight_factor',
      'What its own feedback leaves of the weight of the server, 0.05 to 1.',
      each((server) => server.weightFactor),
    )
  )
}

function byWorker(workers: readonly WorkerSnapshot[]): string {
  const each = (value: (worker: WorkerSnapshot) => number) =>
    workers.map((worker): Sample => [{ worker: `${worker.worker}` }, value(worker)])
  return (
    gauge(
      'octoload_worker_up',
      'Whether the worker accepts connections: 1, or 0 when it has died.',
      each((worker) => (worker.state === 'up' ? 1 : 0)),
    ) +
    gauge(
      'octoload_worker_failed',
      'Whether the worker has died too often and is not started again: 1, else 0.',
      each((worker) => (worker.state === 'failed' ? 1 : 0)),
    ) +
    counter(
      'octoload_worker_restarts_total',
      'How often the worker was started again.',
      each((worker) => worker.restarts),
    ) +
    counter(
      'octoload_worker_requests_total',
      'Requests of clients that the worker took.',
      each((worker) => worker.requests),
    ) +
    gauge(
      'octoload_worker_exchanges_active',
      'Exchanges of the worker under way.',
      each((worker) => worker.exchangesActive),
    ) +
    counter(
      'octoload_worker_client_connections_total',
      'Connections that the worker accepted.',
      each((worker) => worker.clientConnections),
    ) +
    gauge(
      'octoload_worker_client_connections_active',
      'Connections of clients to the worker open.',
      each((worker) => worker.clientConnectionsActive),
    ) +
    gauge(
      'octoload_worker_tunnels_active',
      'Tunnels of the worker open.',
      each((worker) => worker.tunnelsActive),
    )
  )
}

function durations(servers: readonly ServerSnapshot[]): string {
  const name = 'octoload_exchange_duration_seconds'
  const samples = servers.map((server) => {
    const { buckets, count, sum } = server.duration
    const labels = labelsOf(server)
    const steps = buckets.map((bucket) =>
      sample(`${name}_bucket`, { ...labels, le: seconds(bucket.below) }, bucket.count),
    )
    const end = sample(`${name}_bucket`, { ...labels, le: '+Inf' }, count)
    return steps.join('') + end + sample(`${name}_sum`, labels, sum / 1000) + sample(`${name}_count`, labels, count)
  })
  return family('histogram', name, 'Duration of exchanges that the server answered.', samples.join(''))
}

function labelsOf({ upstream, url }: ServerSnapshot): Labels {
  return { upstream, server: url }
}

/** Milliseconds in seconds, without the noise of a division: 0.000256. */
function seconds(millis: number): string {
  return `${Math.round(millis * 1000) / 1e6}`
}

function counter(name: string, help: string, samples: readonly Sample[]): string {
  return family('counter', name, help, samples.map(([labels, value]) => sample(name, labels, value)).join(''))
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return family('gauge', name, help, samples.map(([labels, value]) => sample(name, labels, value)).join(''))
}

function one(kind: typeof counter, name: string, help: string, value: number): string {
  return kind(name, help, [[NO_LABELS, value]])
}

function family(type: 'counter' | 'gauge' | 'histogram', name: string, help: string, samples: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples}`
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return pairs.length === 0 ? `${name} ${value}\n` : `${name}{${pairs.join(',')}} ${value}\n`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
