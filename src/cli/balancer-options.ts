// The options that stand above the config, whether that comes from a file or from servers on the command line.
import { isIP } from 'node:net'
import type { Config, HealthCheckConfig, ListenerConfig, Logging, UpstreamConfig } from '../config/config.ts'
import { registry } from '../registry.ts'
import { defaultOptions } from '../seams/options.ts'
import type { Arguments } from './arguments.ts'
import { wrongUse } from './cli-error.ts'
import type { Option } from './command.ts'

const STRATEGIES = Object.keys(registry.strategies)
const LOG = ['text', 'json', 'off'] as const
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
const MOST_WORKERS = 256

export const strategyOption: Option = {
  short: 's',
  value: 'NAME',
  summary: `how a server is chosen: ${STRATEGIES.join(', ')}`,
}
export const logOption: Option = { value: 'FORMAT', summary: 'text, json or off' }

export const balancerOptions = {
  port: { short: 'p', value: 'PORT', summary: 'port to listen on; 0 takes any free one' },
  address: { short: 'a', value: 'ADDRESS', summary: 'IP address to listen on; "*" means every address' },
  strategy: strategyOption,
  'health-check': { value: 'PATH', summary: 'path to probe servers with; or tcp, to connect only; or off' },
  workers: { short: 'w', value: 'N', summary: `worker threads, 1 to ${MOST_WORKERS}` },
  log: logOption,
  'log-level': { value: 'LEVEL', summary: 'debug, info, warn or error' },
  'access-log': { summary: 'log each finished exchange' },
  quiet: { short: 'q', summary: 'do not log each choice of a server' },
} as const satisfies Record<string, Option>

/** The config with what the options say in its place; throws CliError for an option that does not fit. */
export function overridden(config: Config, args: Arguments): Config {
  return {
    ...config,
    listeners: overriddenListeners(config.listeners, args),
    upstreams: overriddenUpstreams(config.upstreams, args),
    logging: overriddenLogging(config.logging, args),
    workers: args.wholeNumber('workers', 1, MOST_WORKERS) ?? config.workers,
  }
}

function overriddenListeners(listeners: readonly ListenerConfig[], args: Arguments): ListenerConfig[] {
  const port = args.wholeNumber('port', 0, 65535)
  const address = args.parsed('address', 'an IP address or "*"', (text) =>
    text === '*' || isIP(text) ? text : undefined,
  )
  if (listeners.length !== 1 && (port ?? address) !== undefined) {
    const option = port === undefined ? '--address' : '--port'
    throw wrongUse(`${option} is for one listener, but the config has ${listeners.length}: change it in the config.`)
  }
  return listeners.map((listener) => ({
    ...listener,
    port: port ?? listener.port,
    address: address ?? listener.address,
  }))
}

function overriddenUpstreams(upstreams: readonly UpstreamConfig[], args: Arguments): UpstreamConfig[] {
  const name = strategyName(args)
  const healthCheck = args.parsed('health-check', 'a path that starts with "/", tcp or off', readHealthCheck)
  return upstreams.map((upstream) => ({
    ...upstream,
    strategy: name === undefined ? upstream.strategy : strategyByName(name),
    health_check: { ...upstream.health_check, ...healthCheck },
  }))
}

/** Options of another strategy are left behind. */
function strategyByName(name: string): UpstreamConfig['strategy'] {
  return { name, options: defaultOptions(registry.strategies[name]?.options ?? {}) }
}

function readHealthCheck(text: string): Partial<HealthCheckConfig> | undefined {
  if (text === 'tcp' || text === 'off') return { kind: text }
  return text.startsWith('/') ? { kind: 'http', path: text } : undefined
}

function overriddenLogging(logging: Logging, args: Arguments): Logging {
  const log = args.oneOf('log', LOG)
  const level = log === 'off' ? 'off' : args.oneOf('log-level', LOG_LEVELS)
  return {
    format: log === undefined || log === 'off' ? logging.format : log,
    level: level ?? logging.level,
    selection: logging.selection && !args.flag('quiet'),
    access: logging.access || args.flag('access-log'),
  }
}

/** A file has options, and its path is relative to a config. */
function strategyName(args: Arguments): string | undefined {
  const text = args.text('strategy')
  if (text !== undefined && /[\\/]|\.m?[jt]s$/.test(text)) {
    throw wrongUse(`--strategy takes a name; a strategy of your own is named in the config: "strategy": "${text}".`)
  }
  return args.oneOf('strategy', STRATEGIES)
}
