// Caddy on one core; it sets X-Forwarded-* by itself.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { which } from '../machine/which.ts'
import { programVersion } from './installed.ts'
import type { Peer, ProxySetup } from './peer.ts'

export const caddy: Peer = {
  name: 'caddy',
  log: { file: 'access.log', about: 'JSON, not buffered' },
  isReference: false,
  version: () => programVersion('caddy', ['version']),
  command(setup) {
    const config = join(setup.folder, 'Caddyfile')
    writeFileSync(config, text(setup))
    return {
      argv: [which('caddy')!, 'run', '--config', config, '--adapter', 'caddyfile'],
      env: { GOMAXPROCS: '1', HOME: setup.folder, XDG_CONFIG_HOME: setup.folder, XDG_DATA_HOME: setup.folder },
    }
  },
}

function text({ port, servers, logging, folder }: ProxySetup): string {
  return `{
  admin off
  auto_https off
  servers {
    protocols h1
    timeouts {
      idle 1h
    }
  }
}
http://:${port} {
  bind 127.0.0.1
  ${logging ? `log {\n    output file ${folder}/access.log {\n      roll_disabled\n    }\n  }` : ''}
  reverse_proxy ${servers.map((server) => `127.0.0.1:${server}`).join(' ')} {
    lb_policy round_robin
    header_up Via "1.1 caddy"
    transport http {
      versions 1.1
      keepalive 1h
      keepalive_idle_conns 768
      keepalive_idle_conns_per_host 256
    }
  }
}
`
}
