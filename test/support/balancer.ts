// Starts a balancer on a free port for a test, and stops it afterwards. What a test does not say is set so that it
// sees only what it asked for: one worker on a free port of this machine, no health checks, and no server left out.
import type { FileConfig } from '../../src/config/schema.ts'
import type { ThreadOptions } from '../../src/control/worker-handle.ts'
import { createLoadBalancer, type LoadBalancer } from '../../src/index.ts'
import { type Client, connect, exchange } from './client.ts'
import type { Response } from './message.ts'
import { type Origin, type Script, startOrigin } from './origin.ts'
import { type Owner, within } from './wait.ts'

type UpstreamSetup = NonNullable<FileConfig['upstreams']>[string]
type ServerLike = UpstreamSetup['servers'][number]

/** A config as a user may write it, but for the one upstream: its servers, which may be origins, its strategy and its other keys. */
export interface Setup extends Omit<FileConfig, 'load_balancer' | 'servers'> {
  servers?: readonly ServerLike[]
  strategy?: UpstreamSetup['strategy']
  upstream?: Partial<UpstreamSetup>
}

export interface Pair {
  readonly origin: Origin
  readonly balancer: Balancer
}

export class Balancer {
  readonly lb: LoadBalancer
  /** Every line of the log so far. */
  readonly lines: string[] = []
  private readonly owner: Owner
  private readonly watchers = new Set<() => void>()

  constructor(lb: LoadBalancer, owner: Owner) {
    this.lb = lb
    this.owner = owner
    lb.on('log', (line: string) => {
      this.lines.push(line)
      for (const look of [...this.watchers]) look()
    })
  }

  /** The port of the first listener. */
  get port(): number {
    return this.lb.addresses[0]!.port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  connect(): Promise<Client> {
    return connect(this.owner, this.port)
  }

  /** One request over a connection of its own. */
  exchange(bytes: string): Promise<Response> {
    return exchange(this.owner, this.port, bytes)
  }

  /** Waits until a line of the log matches, past or to come; resolves with the match. */
  logged(pattern: RegExp): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        for (const line of this.lines) {
          const match = pattern.exec(line)
          if (match === null) continue
          this.watchers.delete(look)
          resolve(match)
          return
        }
      }
      this.watchers.add(look)
      look()
    })
    return within(found, () => `${pattern} in the log:\n${this.lines.join('\n')}`)
  }

  countLogged(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length
  }
}

export async function startBalancer(owner: Owner, setup: Setup, threads: ThreadOptions = {}): Promise<Balancer> {
  const lb = createLoadBalancer(fileConfig(setup), { threads })
  const balancer = new Balancer(lb, owner)
  owner.after(() => lb.stop({ timeout: 1 }))
  await lb.start()
  return balancer
}

/** Starts a scripted origin and a balancer before it. */
export async function startPair(owner: Owner, script?: Script, setup: Setup = {}): Promise<Pair> {
  const origin = await startOrigin(owner, script)
  return { origin, balancer: await startBalancer(owner, { ...setup, servers: [origin] }) }
}

/** The config for a setup. */
function fileConfig({ servers = [], strategy = 'round_robin', upstream, ...rest }: Setup): FileConfig {
  const members = servers.map((server) => (typeof server !== 'string' && 'port' in server ? server.url : server))
  return {
    listeners: [{ address: '127.0.0.1', port: 0 }],
    upstreams: { main: { strategy, servers: members, ...upstream } },
    health_check: 'off',
    outlier_detection: 'off',
    workers: 1,
    ...rest,
  }
}
