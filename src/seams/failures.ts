// Everything that can go wrong with an exchange, in one table: whose fault it is, what the client gets, and whether
// another server may be asked. `retry` is the condition in `retries.on` under which it may; what each asks of the request is
// in balance/retry-policy.ts.

export type Blame = 'client' | 'server' | 'balancer'
/**
 * `connect_failure`: nothing has reached a server. `reset`: something may have, no byte came back. `timeout`: the server may
 * be at work on it. `status`: it answered, and no failure is at hand.
 */
export type RetryReason = 'connect_failure' | 'reset' | 'timeout' | 'status'
export type RetryRule = 'never' | Exclude<RetryReason, 'status'>

export class Failure {
  /** As in metrics and logs. */
  readonly name: string
  /** The number of its counter. */
  readonly number: number
  readonly blame: Blame
  /** Status of the answer when no response byte has been passed on; 0: the client is gone. */
  readonly status: number
  readonly retry: RetryRule
  /** One sentence for the client. */
  readonly message: string

  constructor(name: string, number: number, blame: Blame, status: number, retry: RetryRule, message: string) {
    this.name = name
    this.number = number
    this.blame = blame
    this.status = status
    this.retry = retry
    this.message = message
  }
}

// The numbers are those of the counters in shared memory; a new row takes the next free one.
// biome-ignore format: a table reads best with one row a line
export const FAILURES = {
  connectRefused: new Failure('connect_refused', 0, 'server', 502, 'connect_failure', 'The server refused the connection.'),
  connectTimeout: new Failure('connect_timeout', 1, 'server', 504, 'connect_failure', 'The server did not accept the connection in time.'),
  connectFailed: new Failure('connect_failed', 2, 'server', 502, 'connect_failure', 'The server could not be reached.'),
  reusedClosed: new Failure('reused_connection_closed', 3, 'server', 502, 'reset', 'The server closed the connection without an answer.'),
  closedEarly: new Failure('closed_before_response', 4, 'server', 502, 'reset', 'The server closed the connection without an answer.'),
  responseTimeout: new Failure('response_timeout', 5, 'server', 504, 'timeout', 'The server did not answer in time.'),
  badResponse: new Failure('bad_response', 6, 'server', 502, 'never', 'The answer of the server was malformed.'),
  responseTooLarge: new Failure('response_head_too_large', 7, 'server', 502, 'never', 'The answer of the server had a head larger than allowed.'),
  brokenResponse: new Failure('broken_response', 8, 'server', 502, 'never', 'The answer of the server broke off.'),
  responseIdle: new Failure('response_idle', 9, 'server', 504, 'never', 'The answer of the server came to a halt.'),
  exchangeTimeout: new Failure('exchange_timeout', 10, 'server', 504, 'never', 'The exchange took longer than allowed.'),
  noServer: new Failure('no_healthy_server', 11, 'balancer', 503, 'never', 'No healthy server is available.'),
  noRoute: new Failure('no_route', 12, 'client', 404, 'never', 'No route matches this host and path.'),
  tooManyClients: new Failure('too_many_clients', 13, 'balancer', 0, 'never', 'There are too many client connections.'),
  clientClosed: new Failure('client_closed', 14, 'client', 0, 'never', 'The client closed the connection.'),
  clientStalled: new Failure('client_stalled', 15, 'client', 0, 'never', 'The client stopped reading.'),
  refused: new Failure('refused_request', 16, 'client', 400, 'never', 'The request was refused.'),
  tunnelIdle: new Failure('tunnel_idle', 17, 'balancer', 0, 'never', 'The tunnel was idle for too long.'),
  cutAtShutdown: new Failure('cut_at_shutdown', 18, 'balancer', 503, 'never', 'The load balancer is shutting down.'),
  internalError: new Failure('internal_error', 19, 'balancer', 500, 'never', 'The load balancer made a mistake.'),
  allServersFull: new Failure('all_servers_full', 20, 'balancer', 503, 'never', 'All servers are as busy as they may be.'),
  upstreamFull: new Failure('upstream_full', 21, 'balancer', 503, 'never', 'The service is as busy as it may be.'),
  queueFull: new Failure('queue_full', 22, 'balancer', 503, 'never', 'Too many requests are waiting already.'),
  queueTimeout: new Failure('queue_timeout', 23, 'balancer', 503, 'never', 'No server had a place for this request in time.'),
  loadShed: new Failure('load_shed', 24, 'balancer', 503, 'never', 'The service is busy with more urgent requests.'),
} as const

/** The names by number, for the metrics. */
export const FAILURE_NAMES: readonly string[] = Object.values(FAILURES).map((failure) => failure.name)
