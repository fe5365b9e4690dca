// nginx as the origin: fixed texts and sendfile, nothing that costs.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../machine/child.ts'
import { FILES, FORWARDED_HEADERS, FORWARDED_PATH, SMALL_BODY, UPLOAD_PATH } from './content.ts'

export function nginxOrigin(nginx: string, ports: readonly number[], folder: string): Command {
  const files = join(folder, 'files')
  mkdirSync(files)
  for (const [path, body] of FILES) writeFileSync(join(files, path), body)
  const config = join(folder, 'nginx.conf')
  writeFileSync(config, text(ports, folder, files))
  return { argv: [nginx, '-e', join(folder, 'error.log'), '-p', folder, '-c', config] }
}

function text(ports: readonly number[], folder: string, files: string): string {
  const small = SMALL_BODY.toString().replace('\n', '\\n')
  const forwarded = FORWARDED_HEADERS.map((name) => `$http_${name.replaceAll('-', '_')}`).join('|')
  const servers = ports.map(
    (port, index) => `
  server {
    listen 127.0.0.1:${port} backlog=4096;
    add_header X-Server ${index + 1};
    location / { return 200 "${small}"; }
    location = ${UPLOAD_PATH} { add_header X-Server ${index + 1}; add_header X-Received $content_length; return 200 "${small}"; }
    location = ${FORWARDED_PATH} { return 200 "${forwarded}"; }
${[...FILES.keys()].map((path) => `    location = ${path} { root ${files}; }`).join('\n')}
  }`,
  )
  return `# The origin of a benchmark run.
daemon off;
${process.getuid?.() === 0 ? 'user root root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 8192; }
http {
  access_log off;
  default_type text/plain;
  sendfile on;
  open_file_cache max=16;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
${servers.join('\n')}
}
`
}
