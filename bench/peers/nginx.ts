// nginx, tuned as its own guides advise for a busy proxy. Request limits per connection are lifted, for none of the
// others has them; temporary files are off, because they would measure the disk.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openFilesLimit } from '../machine/resources.ts'
import { which } from '../machine/which.ts'
import { programVersion } from './installed.ts'
import type { Peer, ProxySetup } from './peer.ts'

export const nginx: Peer = {
  name: 'nginx',
  log: { file: 'access.log', about: 'the combined format, buffered (64 KiB, 1 s)' },
  isReference: true,
  version: () => programVersion('nginx', ['-v']),
  command(setup) {
    const config = join(setup.folder, 'nginx.conf')
    writeFileSync(config, text(setup))
    return { argv: [which('nginx')!, '-e', join(setup.folder, 'error.log'), '-p', setup.folder, '-c', config] }
  },
}

function text({ port, servers, logging, clients, folder }: ProxySetup): string {
  return `# One worker, as in every benchmark run.
daemon off;
${process.getuid?.() === 0 ? 'user root root;' : ''}
worker_processes 1;
worker_rlimit_nofile ${openFilesLimit()};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections ${clients + 512}; }
http {
  access_log ${logging ? `${folder}/access.log combined buffer=64k flush=1s` : 'off'};
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream servers {
${servers.map((server) => `    server 127.0.0.1:${server};`).join('\n')}
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://servers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Via "1.1 nginx";
      proxy_buffer_size 16k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 128k;
      proxy_max_temp_file_size 0;
    }
  }
}
`
}
