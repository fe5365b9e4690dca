// The config file: every key with its meaning, its kind and its default. Types, validation, the published JSON Schema and
// docs/configuration.md come from here and nowhere else. What spans several keys is in cross-checks.ts; what the short
// form and the defaults of upstreams turn into is in expand.ts.
import { z } from 'zod'
import { PRIORITIES } from '../seams/priority.ts'
import { DEFAULT_STRATEGY } from '../seams/strategy.ts'
import type { ServerConfig } from './config.ts'
import { strategySchema as strategy } from './strategy-schema.ts'
import {
  addressBlock,
  duration,
  headerName,
  headerValue,
  listenAddress,
  matchHost,
  method,
  NAME_PATTERN,
  name,
  path,
  percentile,
  serverUrl,
  share,
  size,
  statuses,
  target,
  whole,
} from './values.ts'

const DAY = 24 * 60 * 60 * 1000
const WAIT = { min: 1, max: DAY, off: false }
const WAIT_OR_OFF = { min: 1, max: DAY, off: true }
const KIB = 1024

const port = whole(0, 65_535).meta({ examples: [8080] })

const PLAIN_SERVER = { weight: 1, max_active: 0, priority: 0, backup: false, zone: '' }

const server = z.union([
  serverUrl.transform((address): ServerConfig => ({ ...address, ...PLAIN_SERVER })),
  z
    .strictObject({
      url: serverUrl.describe('Address: `http://host` or `http://host:port`; the port is 80 when it is left out.'),
      weight: whole(1, 1000)
        .describe('Share of the work: a server of weight 2 gets twice as much as one of weight 1. 1 to 1000.')
        .prefault(1),
      max_active: most(1_000_000)
        .describe(
          'Most exchanges in flight at a time, over all workers, tunnels included; beyond it other servers are chosen, and when all are full clients wait in the `queue` or get 503. 1 to 1000000, or `off` for any number.',
        )
        .prefault('off'),
      priority: whole(0, 9)
        .describe('Level of the server, 0 to 9: a level gets what the levels of smaller numbers cannot bear.')
        .prefault(0),
      backup: z.boolean().describe('Used only when no other server is healthy or has a place left.').prefault(false),
      zone: z
        .string()
        .max(100)
        .describe('Where the server stands; those in the zone of octoload itself (`zone`) are preferred.')
        .prefault(''),
    })
    .transform(({ url, ...rest }): ServerConfig => ({ ...url, ...rest })),
])

const workers = z.union([z.literal('auto'), whole(1, 256)])

const load_balancer = z.strictObject({
  port: port
    .describe('TCP port to accept clients on, 0 to 65535; 0 takes any free port. Short form of `listeners`.')
    .prefault(8080),
  health_check_interval_seconds: z
    .number()
    .min(0.1)
    .max(86_400)
    .describe('Seconds between two health checks of a server, 0.1 to 86400. Short form of `health_check.interval`.')
    .prefault(30),
  strategy: strategy.prefault(DEFAULT_STRATEGY),
  workers: workers.describe('Short form of the top-level `workers`.').optional(),
})

const servers = z.strictObject({
  urls: z.array(server).describe('The servers: URLs, or objects with `url`, `weight` and `max_active`.'),
})

const listener = z.strictObject({
  name: name
    .describe(
      'Name in logs; must be unique. Default: `main` for the only listener, else `listener_1`, `listener_2`, ….',
    )
    .optional(),
  address: listenAddress.describe('IP address to accept on; `*` is every address, IPv6 and IPv4.').prefault('*'),
  port: port.describe('TCP port to accept on, 0 to 65535; 0 takes any free port.'),
})

const match = z.strictObject({
  hosts: z
    .array(matchHost)
    .describe(
      'Hosts that the route takes: exact names, or `*.example.com` for everything below it; empty for every host.',
    )
    .prefault([]),
  path_prefix: path
    .describe(
      'Begin of the paths that the route takes, in whole segments: `/api` takes `/api` and `/api/x`, not `/apix`.',
    )
    .prefault('/'),
  methods: z
    .array(method)
    .describe('Methods that the route takes, in upper case; empty for every method.')
    .prefault([]),
})

const route = z.strictObject({
  name: name
    .describe('Name in logs; must be unique. Default: `main` for the only route, else `route_1`, `route_2`, ….')
    .optional(),
  match: match
    .describe('Which requests the route takes; the most exact route wins: by host, then path, then method.')
    .prefault({}),
  upstream: z.string().describe('Name of the upstream that the requests go to.'),
  priority: z
    .enum(PRIORITIES)
    .describe(
      'How urgent the requests are. When their upstream is full, higher ones go first, and lower ones are refused first.',
    )
    .prefault('normal'),
  priority_header: z
    .union([z.literal('off').transform(() => ''), headerName])
    .describe(
      'Request header that overrules `priority`, for clients that can be trusted with it: `high`, `normal` or `low`, or the urgency of RFC 9218 (`u=0` to `u=2`, `u=3` and `u=4`, `u=5` to `u=7`); `off` for none.',
    )
    .prefault('off'),
})

const client_timeouts = z.strictObject({
  client_head: duration(WAIT_OR_OFF)
    .describe('Longest time for a client to send a whole request head.')
    .prefault('10s'),
  client_body_idle: duration(WAIT_OR_OFF)
    .describe(
      'Longest pause of a client within a request body, and longest time in which it takes nothing of a response.',
    )
    .prefault('30s'),
  keep_alive_idle: duration(WAIT_OR_OFF)
    .describe('How long a client connection may wait for its next request before it is closed.')
    .prefault('75s'),
})

const server_timeouts = z.strictObject({
  connect: duration(WAIT).describe('Longest time to open a connection to a server.').prefault('5s'),
  response_head: duration(WAIT_OR_OFF)
    .describe('Longest time from the end of a request to the head of its response.')
    .prefault('60s'),
  body_idle: duration(WAIT_OR_OFF).describe('Longest pause of a server within a response body.').prefault('60s'),
  exchange: duration(WAIT_OR_OFF)
    .describe('Longest time for a whole exchange, from the first byte of the request to the last of the response.')
    .prefault('off'),
  tunnel_idle: duration(WAIT_OR_OFF)
    .describe('How long a tunnel (WebSocket or any other upgrade) may pass no byte in either direction.')
    .prefault('1h'),
})

const retries = z.strictObject({
  attempts: whole(0, 10)
    .describe('Further attempts on other servers after the first one failed, 0 to 10; 0 turns retries off.')
    .prefault(2),
  on: z
    .array(z.union([z.enum(['connect_failure', 'reset', 'timeout']), statuses]))
    .describe(
      'What is tried again: `connect_failure` (no connection: any request), `reset` (the connection ended without a byte of a response), `timeout` (no response head in time), and statuses of responses: numbers, `"500-504"` or `"5xx"`.',
    )
    .prefault(['connect_failure', 'reset']),
  non_idempotent: z
    .boolean()
    .describe(
      'Tries POST, PATCH and unknown methods again, too, for all of `on`: only for servers that recognise a request that comes twice.',
    )
    .prefault(false),
  per_try_timeout: duration(WAIT_OR_OFF)
    .describe(
      'Longest time for one attempt to get a response head, from the choice of the server, or from the end of the request when that is later.',
    )
    .prefault('off'),
  backoff_base: duration(WAIT_OR_OFF)
    .describe(
      'The wait before a retry is random, up to this; twice as much before each further one. A first retry on another server after `connect_failure` or `reset` does not wait.',
    )
    .prefault('25ms'),
  backoff_max: duration(WAIT).describe('What the wait before a retry grows to at most.').prefault('250ms'),
  retry_after_max: duration(WAIT_OR_OFF)
    .describe(
      "Longest `Retry-After` of a response that is waited for; a response that asks for more is the client's. `off`: so is each one that asks for a wait at all.",
    )
    .prefault('1s'),
  budget_ratio: share()
    .describe('Share of the requests of the last 10 seconds that may be retries, 0 to 1 or as a percentage.')
    .prefault(0.2),
  budget_min_per_second: z
    .number()
    .min(0)
    .max(100_000)
    .describe('Retries per second that are always allowed, however few requests there are; 0 to 100000.')
    .prefault(10),
})

const hedging = z.strictObject({
  after: z
    .union([percentile, duration(WAIT_OR_OFF)])
    .describe(
      'When an idempotent request has no response head after this time it is sent to a second server, too, and the first response wins: a duration, or a percentile of what the route takes now, `p50` to `p99.9`.',
    )
    .prefault('off'),
})

const health_check = z.strictObject({
  kind: z
    .enum(['http', 'tcp'])
    .describe('`http` sends a request and looks at the response; `tcp` only opens a connection.')
    .prefault('http'),
  interval: duration({ min: 100, max: DAY, off: false })
    .describe(
      'Time between two checks of a server. Default: `load_balancer.health_check_interval_seconds`, which is 30 s.',
    )
    .optional(),
  interval_down: duration({ min: 100, max: DAY, off: false })
    .describe('Time between two checks while the server is down; `interval` when that is shorter.')
    .prefault('5s'),
  timeout: duration(WAIT)
    .describe('Longest time for one check; `interval` when that is shorter, so that checks of a server never overlap.')
    .prefault('5s'),
  jitter: share()
    .describe('Share of the interval by which each wait is varied at random, 0 to 1 or as a percentage.')
    .prefault(0.1),
  rise: whole(1, 100).describe('Successful checks in a row that bring a server up, 1 to 100.').prefault(1),
  fall: whole(1, 100).describe('Failed checks in a row that take a server down, 1 to 100.').prefault(1),
  initial: z
    .enum(['up', 'down'])
    .describe('What a server counts as before its first check, which begins at once, has answered.')
    .prefault('up'),
  method: method.describe('Method of the request (`http` only).').prefault('GET'),
  path: target.describe('Path of the request, with or without a query (`http` only).').prefault('/'),
  headers: z
    .record(z.string(), headerValue)
    .describe('Further headers of the request (`http` only); `Host` replaces the one of the server.')
    .prefault({}),
  port: whole(0, 65_535).describe("Port to check in place of the server's own; 0 is the server's own.").prefault(0),
  statuses: z
    .array(statuses)
    .min(1)
    .describe('Statuses of a healthy server: numbers, `"200-399"` or `"2xx"` (`http` only).')
    .prefault([200]),
  body_contains: z
    .string()
    .describe('Text that the first 64 KiB of the response body must contain; empty for any body (`http` only).')
    .prefault(''),
})

const passive_health = z.strictObject({
  connect_failures: whole(0, 1000)
    .describe(
      'Failed connections in a row that take a server down at once, until a health check succeeds; 0 turns this off.',
    )
    .prefault(3),
})

const orOff = <Schema extends z.ZodType<number>>(schema: Schema) =>
  z.union([schema, z.literal('off').transform(() => 0)])

const outlier_detection = z.strictObject({
  consecutive_failures: orOff(whole(1, 1000))
    .describe(
      'Attempts in a row without a usable answer (no connection, reset, time-out, malformed or broken-off answer) that eject a server at once, over all workers; 1 to 1000 or `off`.',
    )
    .prefault(5),
  consecutive_errors: orOff(whole(1, 1000))
    .describe('The same for failures of any kind, answers with one of `failure_statuses` included; 1 to 1000 or `off`.')
    .prefault('off'),
  interval: duration({ min: 100, max: DAY, off: false })
    .describe('Time between two comparisons of the servers, for the rules below. Each looks at one interval.')
    .prefault('10s'),
  min_requests: whole(1, 1_000_000)
    .describe('Servers with fewer attempts in an interval are not judged, nor compared with; 1 to 1000000.')
    .prefault(100),
  min_servers: whole(2, 1000)
    .describe('Fewest servers with so many attempts for which success rates are compared, 2 to 1000.')
    .prefault(5),
  success_rate_factor: orOff(z.number().min(0.1).max(100))
    .describe(
      'Ejects a server whose success rate is more than this many standard deviations below the mean of all; 1.9 is usual; 0.1 to 100 or `off`.',
    )
    .prefault('off'),
  failure_percentage: orOff(share())
    .describe('Ejects a server of whose attempts this share failed, as 0.85 or "85%"; or `off`.')
    .prefault('off'),
  latency_factor: orOff(z.number().min(1.1).max(1000))
    .describe(
      'Ejects a server whose median time to the head of a response is more than this many times the median of the others; 1.1 to 1000 or `off`.',
    )
    .prefault('off'),
  latency_floor: duration(WAIT)
    .describe('A server whose median is shorter than this is never too slow.')
    .prefault('50ms'),
  base_time: duration({ min: 10, max: DAY, off: false })
    .describe('How long a server is out the first time; the second time twice as long, and so on.')
    .prefault('30s'),
  max_time: duration({ min: 10, max: DAY, off: false })
    .describe('Longest ejection, before `jitter`; `base_time` when that is longer.')
    .prefault('5m'),
  jitter: share()
    .describe('Share by which each ejection is lengthened at random, 0 to 1 or as a percentage.')
    .prefault(0.1),
  max_ejected: share()
    .describe(
      'Share of the servers that may be ejected at a time, 0 to 1 or as a percentage; at least one, but never the last one that is left.',
    )
    .prefault(0.5),
})

const circuit_breaker = z.strictObject({
  consecutive_failures: orOff(whole(1, 1000))
    .describe(
      'Failed attempts in a row, over all workers, that open the breaker at once; 1 to 1000 or `off`. What fails is up to `failure_statuses`.',
    )
    .prefault(5),
  error_rate: orOff(share())
    .describe('Opens when this share of the attempts within `window` failed, as 0.5 or "50%"; or `off`.')
    .prefault(0.5),
  latency: duration(WAIT_OR_OFF)
    .describe('Opens when the time to the head of a response, at `latency_quantile`, is longer than this.')
    .prefault('off'),
  latency_quantile: share().describe('Which quantile that is, 0 to 1 or as a percentage.').prefault(0.9),
  window: duration({ min: 100, max: DAY, off: false })
    .describe('The time that `error_rate` and `latency` look back.')
    .prefault('10s'),
  min_requests: whole(1, 1_000_000)
    .describe('With fewer attempts in the window neither opens the breaker; 1 to 1000000.')
    .prefault(20),
  open_time: duration({ min: 10, max: DAY, off: false })
    .describe('How long an open breaker lets nothing through; doubled each time that the trials fail.')
    .prefault('5s'),
  max_open_time: duration({ min: 10, max: DAY, off: false })
    .describe('Longest of these times; `open_time` when that is longer.')
    .prefault('2m'),
  trials: whole(1, 100)
    .describe(
      'Requests that try the server after that, over all workers; when all succeed the breaker closes. 1 to 100.',
    )
    .prefault(3),
})

const server_feedback = z.strictObject({
  headers: z
    .boolean()
    .describe('Heeds `Octoload-Weight` and `Octoload-Drain` in responses, and does not pass them on.')
    .prefault(false),
  orca: z
    .boolean()
    .describe('Heeds load reports in responses (ORCA, `endpoint-load-metrics`), and does not pass them on.')
    .prefault(false),
  orca_error_penalty: z
    .number()
    .min(0)
    .max(100)
    .describe('How much errors that a load report tells of count as load, 0 to 100.')
    .prefault(1),
  orca_blackout: duration(WAIT_OR_OFF)
    .describe('How long the load reports of a server must have come before they count.')
    .prefault('10s'),
  agent_port: orOff(whole(1, 65_535))
    .describe('Port on each server where an agent says how it is, in the format of HAProxy; or `off`.')
    .prefault('off'),
  agent_interval: duration({ min: 100, max: DAY, off: false })
    .describe('Time between two questions to an agent.')
    .prefault('5s'),
  agent_timeout: duration(WAIT)
    .describe('Longest time for its answer; `agent_interval` when that is shorter.')
    .prefault('2s'),
  agent_send: z
    .string()
    .max(1024)
    .describe('Text that is sent to the agent first, as it is; most agents want none.')
    .prefault(''),
  expiry: duration({ min: 1000, max: DAY, off: false })
    .describe('How long what a server said holds when it says nothing more.')
    .prefault('3m'),
})

const failure_statuses = z
  .array(statuses)
  .describe(
    'Statuses that count as a failure of the server: numbers, `"500-599"` or `"5xx"`. They are passed on all the same.',
  )

const connections = z.strictObject({
  idle_per_server: whole(0, 10_000)
    .describe('Idle connections that each worker keeps open to each server, 0 to 10000.')
    .prefault(256),
  idle_timeout: duration(WAIT_OR_OFF).describe('How long an idle connection to a server is kept.').prefault('60s'),
})

const queue = z.strictObject({
  length: most(1_000_000)
    .describe(
      'Most exchanges that wait for a place, over all workers, when `max_active` of the upstream or of all its servers is reached; beyond it clients get 503. 1 to 1000000, or `off`: nobody waits.',
    )
    .prefault('off'),
  timeout: duration(WAIT).describe('Longest wait; then the client gets 503.').prefault('5s'),
})

const shedding = z.strictObject({
  normal_share: share()
    .describe(
      'Share of the places and of the queue that requests of normal priority may take, where a route of the upstream has a higher one.',
    )
    .prefault(0.9),
  low_share: share()
    .describe(
      'Share of the places and of the queue that requests of low priority may take, where a route of the upstream has a higher one.',
    )
    .prefault(0.5),
})

const concurrency = z
  .enum(['fixed', 'adaptive'])
  .describe(
    '`adaptive` finds out how many exchanges the servers of an upstream can take at a time, by how long they take to answer, and lets no more in; `max_active` stays the upper bound. `fixed` goes by `max_active` alone.',
  )

const slow_start = z.strictObject({
  window: duration(WAIT_OR_OFF)
    .describe('How long a server that has come up gets less than its weight; `off` gives it all at once.')
    .prefault('off'),
  min_weight: share().describe('Share of its weight at the beginning, 0 to 1 or as a percentage.').prefault(0.1),
  aggression: z
    .number()
    .min(0.1)
    .max(10)
    .describe('Shape of the way up: 1 is a straight line, more is faster at the beginning; 0.1 to 10.')
    .prefault(1),
})

const limits = z.strictObject({
  request_head_size: size({ min: KIB, max: KIB * KIB, off: false })
    .describe('Largest request head: request line and headers (else 431).')
    .prefault('16KiB'),
  request_target_length: size({ min: 64, max: KIB * KIB, off: false })
    .describe('Longest request target: path and query (else 414).')
    .prefault('8KiB'),
  request_headers: whole(1, 10_000).describe('Most header lines of a request, 1 to 10000 (else 431).').prefault(100),
  request_body_size: size({ min: 1, max: KIB ** 4, off: true })
    .describe('Largest request body (else 413); `off` for any size.')
    .prefault('off'),
  response_head_size: size({ min: KIB, max: KIB * KIB, off: false })
    .describe('Largest response head of a server (else the client gets 502).')
    .prefault('64KiB'),
  client_connections: most(10_000_000)
    .describe('Most client connections at a time, over all workers; `off` for any number.')
    .prefault(20_000),
})

const forwarding = z.strictObject({
  trusted_proxies: z
    .array(addressBlock)
    .describe(
      'Addresses and CIDR blocks of proxies in front of octoload: their forwarding headers are believed and extended. Those of all others are replaced.',
    )
    .prefault([]),
  x_forwarded: z
    .boolean()
    .describe('Tells servers about the client in `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.')
    .prefault(true),
  forwarded: z.boolean().describe('Tells servers about the client in `Forwarded` (RFC 7239).').prefault(false),
  via: z.boolean().describe('Adds octoload to the `Via` header of requests (RFC 9110, section 7.6.3).').prefault(true),
})

const logging = z.strictObject({
  format: z.enum(['text', 'json']).describe('`text` is for people, `json` is one object a line.').prefault('text'),
  level: z
    .enum(['debug', 'info', 'warn', 'error', 'off'])
    .describe('Least severe level that is written.')
    .prefault('info'),
  selection: z.boolean().describe('Writes a line for each choice of a server.').prefault(true),
  access: z.boolean().describe('Writes a line for each finished exchange.').prefault(false),
})

const metrics = z.strictObject({
  path: path.describe('Path on every listener that answers with the metrics.').prefault('/metrics'),
})

const perUpstream = 'Upstreams may override single keys.'

const upstream = z.strictObject({
  strategy: strategy.prefault(DEFAULT_STRATEGY),
  servers: z.array(server).describe('The servers: URLs, or objects with `url`, `weight` and `max_active`.'),
  max_active: most(1_000_000)
    .describe(
      'Most exchanges with the upstream at a time, over all workers, tunnels included; beyond it clients wait in the `queue` or get 503. 1 to 1000000, or `off` for any number.',
    )
    .prefault('off'),
  concurrency: concurrency.describe('Overrides the top-level `concurrency`.').optional(),
  queue: overrides(queue).describe('Keys that differ from the top-level `queue`.').prefault({}),
  shedding: overrides(shedding).describe('Keys that differ from the top-level `shedding`.').prefault({}),
  health_check: z
    .union([z.literal('off'), overrides(health_check)])
    .describe('Keys that differ from the top-level `health_check`; `off` checks nothing.')
    .optional(),
  passive_health: overrides(passive_health)
    .describe('Keys that differ from the top-level `passive_health`.')
    .prefault({}),
  failure_statuses: failure_statuses.optional(),
  outlier_detection: z
    .union([z.literal('off'), overrides(outlier_detection)])
    .describe('Keys that differ from the top-level `outlier_detection`; `off` ejects nothing.')
    .optional(),
  circuit_breaker: z
    .union([z.literal('off'), overrides(circuit_breaker)])
    .describe('Keys that differ from the top-level `circuit_breaker`; `off` has none.')
    .optional(),
  server_feedback: overrides(server_feedback)
    .describe('Keys that differ from the top-level `server_feedback`.')
    .prefault({}),
  timeouts: overrides(server_timeouts).describe('Keys that differ from the top-level `timeouts`.').prefault({}),
  retries: overrides(retries).describe('Keys that differ from the top-level `retries`.').prefault({}),
  hedging: overrides(hedging).describe('Keys that differ from the top-level `hedging`.').prefault({}),
  connections: overrides(connections).describe('Keys that differ from the top-level `connections`.').prefault({}),
  slow_start: overrides(slow_start).describe('Keys that differ from the top-level `slow_start`.').prefault({}),
  overprovisioning: z
    .number()
    .min(1)
    .max(10)
    .describe(
      'How much of its work a level, or the near zone, is thought to bear with some of its servers gone, 1 to 10: with 1.4 nothing overflows while at least 1 / 1.4 (71 %) of its weight is healthy.',
    )
    .prefault(1.4),
  panic_threshold: z
    .union([share(), z.literal('off').transform(() => 0)])
    .describe(
      'Share of healthy servers below which health is not looked at any more and all servers are used, 0 to 1 or as a percentage; `off`: never.',
    )
    .prefault('off'),
})

export const fileSchema = z.strictObject({
  $schema: z.string().describe('Where editors find the JSON Schema; octoload does not look at it.').optional(),
  load_balancer: load_balancer
    .describe('Short form: the port, the strategy and the interval of the health checks.')
    .prefault({}),
  servers: servers.describe('Short form: the servers of one upstream named `main`.').optional(),
  listeners: z
    .array(listener)
    .min(1)
    .describe('The addresses that clients are accepted on. Default: one, named `main`, on `load_balancer.port`.')
    .optional(),
  routes: z
    .array(route)
    .min(1)
    .describe('Which requests go to which upstream. Default: everything to the only upstream.')
    .optional(),
  upstreams: z
    .record(z.string().meta({ pattern: NAME_PATTERN }), upstream)
    .describe('The named groups of servers. Default: one, named `main`, of `servers` and `load_balancer.strategy`.')
    .optional(),
  timeouts: z
    .strictObject({ ...server_timeouts.shape, ...client_timeouts.shape })
    .describe(
      `Time-outs; each may be \`off\` except \`connect\`. ${perUpstream.replace('keys', 'keys, but not those of clients')}`,
    )
    .prefault({}),
  retries: retries
    .describe(`When a server fails before its response began, another may be asked. ${perUpstream}`)
    .prefault({}),
  hedging: hedging
    .describe(
      `Asks a second server when the first one takes unusually long. Within the budget of \`retries\`. ${perUpstream}`,
    )
    .prefault({}),
  health_check: z
    .union([z.literal('off'), health_check])
    .describe(`Asks every server at intervals whether it is healthy; \`off\` checks nothing. ${perUpstream}`)
    .prefault({}),
  passive_health: passive_health
    .describe(`Learns from the traffic itself that a server is down. ${perUpstream}`)
    .prefault({}),
  failure_statuses: failure_statuses.prefault(['5xx']),
  outlier_detection: z
    .union([z.literal('off'), outlier_detection])
    .describe(`Leaves out, for a while, servers that do worse than the others. ${perUpstream}`)
    .prefault({}),
  circuit_breaker: z
    .union([z.literal('off'), circuit_breaker])
    .describe(
      `Leaves each server that fails too often alone for a while, and then tries it with few requests; even the last one. ${perUpstream}`,
    )
    .prefault('off'),
  server_feedback: server_feedback
    .describe(`What servers may say about themselves: less work, or none. ${perUpstream}`)
    .prefault({}),
  connections: connections.describe(`Connections to servers. ${perUpstream}`).prefault({}),
  concurrency: concurrency.prefault('fixed'),
  queue: queue.describe(`Requests that wait for a place when an upstream is full. ${perUpstream}`).prefault({}),
  shedding: shedding
    .describe(`What is kept for requests of higher priority when an upstream fills up. ${perUpstream}`)
    .prefault({}),
  slow_start: slow_start
    .describe(`A server that has come up while others were up gets less for a while. ${perUpstream}`)
    .prefault({}),
  limits: limits.describe('What is accepted from clients and servers.').prefault({}),
  forwarding: forwarding.describe('What servers learn about the client.').prefault({}),
  logging: logging.describe('What is written to the log.').prefault({}),
  metrics: z
    .union([z.literal('off'), metrics])
    .describe('The page of numbers, as JSON and for Prometheus; `off` turns it off.')
    .prefault({}),
  zone: z
    .string()
    .max(100)
    .describe(
      'Where this octoload stands, from an environment variable perhaps: servers of the same `zone` are preferred.',
    )
    .prefault(''),
  workers: workers
    .optional()
    .describe('Number of worker threads, 1 to 256; `auto` takes as many as the machine has processors.')
    .meta({ default: 'auto' }),
  shutdown_timeout: duration(WAIT)
    .describe('How long exchanges and tunnels may go on after SIGINT or SIGTERM before they are cut.')
    .prefault('30s'),
})

/** What may be written in a config file, or given to the library. */
export type FileConfig = z.input<typeof fileSchema>

/** A file that was found valid, with the defaults of the top level filled in. */
export type ParsedFile = z.output<typeof fileSchema>
export type ParsedUpstream = z.output<typeof upstream>

export const healthCheckSchema = health_check
export const outlierDetectionSchema = outlier_detection
export const circuitBreakerSchema = circuit_breaker
export const serverSchema = server
export const upstreamSchema = upstream

/** A number from 1 on, or none. */
function most(max: number) {
  return z.union([whole(1, max), z.literal('off').transform(() => 0)])
}

type Overrides<Shape extends z.core.$ZodShape> = {
  [Key in keyof Shape]: Shape[Key] extends z.ZodPrefault<infer Inner extends z.core.SomeType>
    ? z.ZodOptional<Inner>
    : Shape[Key]
}

/** The same keys, all optional and without defaults. */
function overrides<Shape extends z.core.$ZodShape>(object: z.ZodObject<Shape, z.core.$strict>) {
  const shape = Object.entries(object.shape).map(([key, value]) => [
    key,
    value instanceof z.ZodPrefault ? (value.unwrap() as z.ZodType).optional() : value,
  ])
  return z.strictObject(Object.fromEntries(shape) as Overrides<Shape>)
}
