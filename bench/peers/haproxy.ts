// HAProxy with one thread and connections to the servers shared between clients.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { which } from '../machine/which.ts'
import { programVersion } from './installed.ts'
import type { Peer, ProxySetup } from './peer.ts'

export const haproxy: Peer = {
  name: 'haproxy',
  log: { file: 'stdout.log', about: 'httplog on its standard output, not buffered, for HAProxy cannot' },
  isReference: true,
  version: () => programVersion('haproxy', ['-v']),
  command(setup) {
    const config = join(setup.folder, 'haproxy.cfg')
    writeFileSync(config, text(setup))
    return { argv: [which('haproxy')!, '-db', '-f', config] }
  },
}

function text({ port, servers, logging, clients }: ProxySetup): string {
  return `# One thread, as in every benchmark run.
global
  nbthread 1
  maxconn ${clients + 64}
${logging ? '  log stdout format raw local0 info\n' : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  option forwardfor
  http-reuse always
${logging ? '  log global\n  option httplog\n' : ''}
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header Via "1.1 haproxy"
  default_backend servers

backend servers
  balance roundrobin
${servers.map((server, index) => `  server s${index + 1} 127.0.0.1:${server} pool-max-conn 256`).join('\n')}
`
}
