// Accepts connections on one address and makes a client connection of each.
import type net from 'node:net'
import type { ListenerConfig } from '../config/config.ts'
import { FAILURES } from '../seams/failures.ts'
import { makeAcceptor, refuse } from './acceptor.ts'
import { ClientConnection } from './client-connection.ts'
import type { Runtime } from './runtime.ts'

const BACKLOG = 4096

export class Listener {
  readonly config: ListenerConfig
  private readonly server: net.Server

  constructor(runtime: Runtime, config: ListenerConfig) {
    this.config = config
    this.server = makeAcceptor(
      (accepted) => {
        const limit = runtime.plan.limits.client_connections
        if (limit === 0 || runtime.options.clientConnections() < limit) new ClientConnection(runtime, accepted)
        else {
          runtime.counters.addFailure(FAILURES.tooManyClients.number)
          runtime.log.tooManyClients(limit)
          refuse(accepted)
        }
      },
      (code) => runtime.log.acceptFailed(code),
    )
  }

  /** Resolves with the port once connections are accepted. `shared`: other threads listen on the same port. */
  listen(port: number, shared: boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      const host = this.config.address === '*' ? {} : { host: this.config.address }
      this.server.listen({ port, ...host, backlog: BACKLOG, reusePort: shared }, () => {
        this.server.off('error', reject)
        resolve((this.server.address() as net.AddressInfo).port)
      })
    })
  }

  /** Accepts no more connections; those that stand go on. */
  close(): void {
    this.server.close()
  }
}
