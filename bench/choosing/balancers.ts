// The balancers that are compared, each with the strategy that its makers advise for requests that differ, and with health
// checks where it has them. One worker each.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../machine/child.ts'
import { which } from '../machine/which.ts'
import { THIS_TREE } from '../peers/octoload.ts'

export interface BalancerSetup {
  readonly port: number
  readonly servers: readonly number[]
  /** Empty, for its configuration. */
  readonly folder: string
}

export interface ChoosingBalancer {
  readonly name: string
  readonly installed: boolean
  command(setup: BalancerSetup): Command
}

export const nginxLeastConn: ChoosingBalancer = {
  name: 'nginx least_conn',
  installed: which('nginx') !== null,
  command({ port, servers, folder }) {
    const config = join(folder, 'nginx.conf')
    writeFileSync(
      config,
      `daemon off;
${process.getuid?.() === 0 ? 'user root root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream servers {
    least_conn;
${servers.map((server) => `    server 127.0.0.1:${server};`).join('\n')}
    keepalive 256;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { proxy_pass http://servers; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
    )
    return { argv: [which('nginx')!, '-e', join(folder, 'error.log'), '-p', folder, '-c', config] }
  },
}

export const haproxyLeastConn: ChoosingBalancer = {
  name: 'HAProxy leastconn',
  installed: which('haproxy') !== null,
  command({ port, servers, folder }) {
    const config = join(folder, 'haproxy.cfg')
    writeFileSync(
      config,
      `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
frontend clients
  bind 127.0.0.1:${port} backlog 4096
  default_backend servers
backend servers
  balance leastconn
  option httpchk GET /health
${servers.map((server, index) => `  server s${index} 127.0.0.1:${server} check inter 2s`).join('\n')}
`,
    )
    return { argv: [which('haproxy')!, '-db', '-f', config] }
  },
}

/** octoload of this tree with one of its strategies; everything else as it comes. */
export function octoloadWith(strategy: string): ChoosingBalancer {
  return {
    name: `octoload ${strategy}`,
    installed: true,
    command({ port, servers, folder }) {
      const config = join(folder, 'servers.json')
      const settings = {
        load_balancer: { port, strategy, workers: 1 },
        servers: { urls: servers.map((server) => `http://127.0.0.1:${server}`) },
        health_check: { path: '/health', interval: '2s' },
        logging: { selection: false },
      }
      writeFileSync(config, JSON.stringify(settings))
      return { argv: [process.execPath, join(THIS_TREE, 'bin/octoload.js'), '--config', config] }
    },
  }
}
