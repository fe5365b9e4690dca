// The text of every line that the balancer logs on its own account: here, and nowhere else, so that the log reads as one
// voice. A line is written with `logger.log(serverAdded(…))`; its fields appear in the json format only.
import type { LogLevel } from './log-format.ts'

export interface LogLine {
  readonly level: LogLevel
  /** Stable name for programs: `server_added`. */
  readonly event: string
  /** For people. */
  readonly message: string
  readonly fields?: Record<string, unknown>
}

/** A server by its URL and the name of its upstream. */
export interface NamedServer {
  readonly url: string
  readonly upstream: string
}

export function serverAdded({ url, upstream }: NamedServer, weight: number): LogLine {
  const message = weight === 1 ? `Added server ${url}` : `Added server ${url} (weight ${weight})`
  return { level: 'info', event: 'server_added', message, fields: { server: url, upstream, weight } }
}

export function serverDraining({ url, upstream }: NamedServer, inFlight: number): LogLine {
  const message = `Draining server ${url}: ${count(inFlight, 'exchange')} in flight`
  return { level: 'info', event: 'server_draining', message, fields: { server: url, upstream, in_flight: inFlight } }
}

export function serverRemoved({ url, upstream }: NamedServer): LogLine {
  return { level: 'info', event: 'server_removed', message: `Removed server ${url}`, fields: { server: url, upstream } }
}

export function serverUnhealthy({ url, upstream }: NamedServer, reason: string): LogLine {
  const message = `Server ${url} is unhealthy: ${reason}`
  return { level: 'warn', event: 'server_unhealthy', message, fields: { server: url, upstream, reason } }
}

export function serverHealthy({ url, upstream }: NamedServer, reason: string): LogLine {
  const message = `Server ${url} is healthy again: ${reason}`
  return { level: 'info', event: 'server_healthy', message, fields: { server: url, upstream, reason } }
}

/** `millis` from now on; `times`: how often in a row. */
export function serverEjected({ url, upstream }: NamedServer, reason: string, millis: number, times: number): LogLine {
  const until = clockTime(millis)
  const again = times > 1 ? ` (time ${times} in a row)` : ''
  const message = `Server ${url} is ejected for ${duration(millis)}, until ${until}${again}: ${reason}`
  const fields = { server: url, upstream, reason, ejected_ms: millis, times }
  return { level: 'warn', event: 'server_ejected', message, fields }
}

export function serverReturned({ url, upstream }: NamedServer, reason: string, millis: number): LogLine {
  const message = `Server ${url} is back after ${duration(millis)} of ejection: ${reason}`
  const fields = { server: url, upstream, reason, ejected_ms: millis }
  return { level: 'info', event: 'server_returned', message, fields }
}

export function breakerOpen({ url, upstream }: NamedServer, reason: string, millis: number, times: number): LogLine {
  const again = times > 1 ? ` (time ${times} in a row)` : ''
  const message = `Circuit breaker of server ${url} is open for ${duration(millis)}, until ${clockTime(millis)}${again}: ${reason}`
  const fields = { server: url, upstream, reason, open_ms: millis, times }
  return { level: 'warn', event: 'breaker_open', message, fields }
}

export function breakerHalfOpen({ url, upstream }: NamedServer, trials: number): LogLine {
  const message = `Circuit breaker of server ${url} is half-open: ${count(trials, 'request')} may try it`
  return { level: 'info', event: 'breaker_half_open', message, fields: { server: url, upstream, trials } }
}

export function breakerClosed({ url, upstream }: NamedServer, reason: string): LogLine {
  const message = `Circuit breaker of server ${url} is closed: ${reason}`
  return { level: 'info', event: 'breaker_closed', message, fields: { server: url, upstream, reason } }
}

/** By its own feedback a server gets less of the work, or all of its share again. */
export function serverWeightChanged({ url, upstream }: NamedServer, factor: number): LogLine {
  const message = `Server ${url} gets ${Math.round(factor * 100)} % of its weight, by its own word`
  return { level: 'info', event: 'server_weight_changed', message, fields: { server: url, upstream, factor } }
}

/** A server has asked for no new exchanges (`what`: `drains`, `agent_down`), and gets none. */
export function serverWithdrawn({ url, upstream }: NamedServer, what: string): LogLine {
  const why = what === 'drains' ? 'it asks for no new requests' : 'its agent says that it is down'
  const message = `Server ${url} gets no new requests: ${why}`
  return { level: 'info', event: 'server_withdrawn', message, fields: { server: url, upstream, what } }
}

/** It has asked for that, but is the last one. */
export function withdrawalRefused({ url, upstream }: NamedServer, what: string): LogLine {
  const why = what === 'drains' ? 'it asks for none' : 'its agent says that it is down'
  const message = `Server ${url} still gets requests, for no other server is left: ${why}`
  return { level: 'warn', event: 'withdrawal_refused', message, fields: { server: url, upstream, what } }
}

export function serverRejoined({ url, upstream }: NamedServer, what: string): LogLine {
  const why = what === 'drains' ? 'it asks for no draining any more' : 'its agent says that it is up'
  const message = `Server ${url} gets requests again: ${why}`
  return { level: 'info', event: 'server_rejoined', message, fields: { server: url, upstream, what } }
}

/** The last server of an upstream that was up has gone down. */
export function allServersDown(upstream: string): LogLine {
  const message = `No server of upstream ${upstream} is healthy: requests get 503 until one answers`
  return { level: 'error', event: 'all_servers_down', message, fields: { upstream } }
}

/** Too few servers of an upstream are healthy, so its health is not looked at any more. */
export function panicBegun(upstream: string, healthy: number, servers: number): LogLine {
  const message = `Only ${healthy} of ${servers} servers of upstream ${upstream} are healthy: requests go to all of them (panic_threshold)`
  return { level: 'error', event: 'panic_begun', message, fields: { upstream, healthy, servers } }
}

export function panicOver(upstream: string, healthy: number, servers: number): LogLine {
  const message = `${healthy} of ${servers} servers of upstream ${upstream} are healthy: requests go to these alone again`
  return { level: 'info', event: 'panic_over', message, fields: { upstream, healthy, servers } }
}

/** `address` as in the config: `*` or an IP address. */
export function listening(name: string, address: string, port: number): LogLine {
  const where = address === '*' ? '' : ` (${address})`
  const message = `Load balancer is running on port ${port}${where}`
  return { level: 'info', event: 'listening', message, fields: { listener: name, address, port } }
}

/** The message of a selection that shows the strategy: `Selected server http://… (round robin)`. */
export function selectedByTurn(url: string, title: string): string {
  return `Selected server ${url} (${title})`
}

/** The message of a selection that shows the load, up to the number: `Selected server http://… with load `. */
export function selectedWithLoad(url: string): string {
  return `Selected server ${url} with load `
}

export interface FailedAttempt {
  readonly method: string
  readonly target: string
  /** URL of the server that failed, or empty when none was reached. */
  readonly server: string
  /** Name of the row in the failure table: `connect_refused`. */
  readonly failure: string
  /** For people: `connection refused`. */
  readonly reason: string
}

export function retrying({ method, target, server, failure, reason }: FailedAttempt): LogLine {
  const message = `Retrying on another server: ${server} failed ${method} ${target}: ${reason}`
  return { level: 'warn', event: 'retrying', message, fields: { server, method, target, failure, reason } }
}

/** `server` has not begun to answer after `millis`, and another one is asked, too. */
export function hedging(method: string, target: string, server: string, millis: number): LogLine {
  const message = `Asking a second server: ${server} has not answered ${method} ${target} after ${millis} ms`
  return { level: 'debug', event: 'hedging', message, fields: { server, method, target, waited_ms: millis } }
}

/** `status` is what the client got: ours, or the server's when its response `brokeOff`; 0 when there was nobody to get one. */
export function requestFailed(attempt: FailedAttempt, status: number, brokeOff: boolean): LogLine {
  const { method, target, server, failure, reason } = attempt
  const where = server === '' ? '' : ` (server ${server})`
  const failed = status === 0 ? 'Request failed' : `Request failed with ${status}`
  const what = brokeOff ? `Response broke off after status ${status}` : failed
  const message = `${what}: ${method} ${target}: ${reason}${where}`
  return {
    level: 'warn',
    event: 'request_failed',
    message,
    fields: { status, method, target, server, failure, reason },
  }
}

/** An upstream turns requests away; `state` says what there is of places and in the queue. */
export function upstreamFull(upstream: string, state: string): LogLine {
  const message = `Upstream ${upstream} is full, requests are turned away: ${state}`
  return { level: 'warn', event: 'upstream_full', message, fields: { upstream, state } }
}

/** A client's bytes that were refused before they became an exchange. */
export function requestRefused(client: string, status: number, reason: string): LogLine {
  const message = `Refused a request of ${client} with ${status}: ${reason}`
  return { level: 'info', event: 'request_refused', message, fields: { client, status, reason } }
}

/** `limit` is `limits.client_connections`. */
/** A strategy of people's own broke down. `strategy` is empty when it could not be loaded. */
export function strategyFailed(upstream: string, strategy: string, reason: string): LogLine {
  const which = strategy === '' ? '' : `${strategy} `
  const message = `The strategy ${which}of upstream ${upstream} has failed: ${reason}. Servers are chosen by least_active now`
  return { level: 'error', event: 'strategy_failed', message, fields: { upstream, strategy, reason } }
}

export function tooManyClients(limit: number): LogLine {
  const message = `Closed a new connection: all ${limit} of limits.client_connections are in use`
  return { level: 'warn', event: 'too_many_clients', message, fields: { limit } }
}

/** `code` is that of the system: `EMFILE`. */
export function acceptFailed(code: string): LogLine {
  const hint = code === 'EMFILE' ? ': no file descriptor is left; raise the limit (ulimit -n)' : ` (${code})`
  return { level: 'error', event: 'accept_failed', message: `Could not accept a connection${hint}`, fields: { code } }
}

/** `timeout` in milliseconds. */
export function shuttingDown(signal: string, active: number, timeout: number): LogLine {
  const cause = signal === '' ? '' : `${signal} received, `
  const message =
    active === 0
      ? `Shutting down: ${cause}no exchange is in flight`
      : `Shutting down: ${cause}waiting up to ${timeout / 1000} s for ${count(active, 'exchange')} to finish`
  return { level: 'info', event: 'shutting_down', message, fields: { signal, active, timeout_ms: timeout } }
}

export function shutdownComplete(finished: number, cut: number): LogLine {
  const message = `Shutdown complete: ${count(finished, 'exchange')} finished, ${cut} cut`
  return { level: 'info', event: 'shutdown_complete', message, fields: { finished, cut } }
}

export function shutdownForced(signal: string): LogLine {
  return {
    level: 'warn',
    event: 'shutdown_forced',
    message: `${signal} received again: ending now`,
    fields: { signal },
  }
}

/** `source` is the path of the file, or what stands in its place: `command line`. */
export function configLoaded(source: string, upstreams: number, servers: number): LogLine {
  const message = `Config from ${source}: ${count(servers, 'server')} in ${count(upstreams, 'upstream')}`
  return { level: 'info', event: 'config_loaded', message, fields: { source, upstreams, servers } }
}

/** The new config was not taken; the balancer goes on with the one it has. */
export function configRefused(source: string, problems: number): LogLine {
  const message = `Config from ${source} has ${count(problems, 'problem')}: the config in use stays`
  return { level: 'error', event: 'config_refused', message, fields: { source, problems } }
}

/** `delay`: milliseconds until another one is started, or null when none will be. `stack` may be empty. */
export function workerLost(worker: number, reason: string, stack: string, delay: number | null): LogLine {
  const next = delay === null ? '' : `; starting another in ${delay} ms`
  const fields = { worker, reason, delay_ms: delay ?? undefined, stack: stack === '' ? undefined : stack }
  return {
    level: 'error',
    event: 'worker_lost',
    message: `Worker ${worker} ended unexpectedly: ${reason}${next}`,
    fields,
  }
}

/** A worker serves again in the place of one that was lost. */
export function workerReplaced(worker: number): LogLine {
  return { level: 'info', event: 'worker_replaced', message: `Worker ${worker} is back`, fields: { worker } }
}

/** `deaths` in words: `5 times within 60 s`; `left`: the workers that are still there. */
export function workerGivenUp(worker: number, deaths: string, left: number): LogLine {
  const others = left === 0 ? 'no worker is left' : `${count(left, 'worker')} left`
  const message = `Worker ${worker} ended ${deaths} and is not started again: ${others}`
  return { level: 'error', event: 'worker_given_up', message, fields: { worker, left } }
}

/** This system cannot let several threads listen on one port. `workers` as the config would have it. */
export function oneWorkerOnly(platform: string, workers: number): LogLine {
  const message = `One worker in place of ${workers}: on ${platform} threads cannot share a port`
  return { level: 'warn', event: 'one_worker_only', message, fields: { platform, workers } }
}

export function linesDropped(lines: number): LogLine {
  const message = `${lines} log ${lines === 1 ? 'line was' : 'lines were'} dropped because the reader of the log is too slow`
  return { level: 'warn', event: 'log_lines_dropped', message, fields: { lines } }
}

/** `code` is that of the system: `ENOSPC`. */
export function linesLost(lines: number, code: string): LogLine {
  const message = `${lines} log ${lines === 1 ? 'line' : 'lines'} could not be written: ${code}`
  return { level: 'warn', event: 'log_lines_lost', message, fields: { lines, code } }
}

function duration(millis: number): string {
  return millis < 1000 ? `${millis} ms` : `${Math.round(millis / 100) / 10} s`
}

/** The local time in so many milliseconds: `18:54:44`. */
function clockTime(millis: number): string {
  return new Date(Date.now() + millis).toTimeString().slice(0, 8)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
