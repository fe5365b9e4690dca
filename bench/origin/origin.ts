// The servers behind the proxies: three ports of one process that must cost much less than any proxy, for it shares a
// core with the load generator. nginx is the cheapest; a raw-socket server in Node takes its place where it is missing.
import { Child, type Command } from '../machine/child.ts'
import { freePort } from '../machine/free-port.ts'
import { tempFolder } from '../machine/temp-folder.ts'
import { which } from '../machine/which.ts'
import { answers, waitUntil } from '../wait-until.ts'
import { SMALL_BODY } from './content.ts'
import { nginxOrigin } from './nginx-origin.ts'
import { rawOrigin } from './raw-origin.ts'

/** Each server says its number, from 1, in the header X-Server. */
export const SERVERS = 3

export type OriginKind = 'nginx' | 'node'

export interface Origin {
  readonly kind: OriginKind
  readonly ports: readonly number[]
  stop(): Promise<void>
}

/** `kind` is null for the cheapest that is installed. */
export async function startOrigin(kind: OriginKind | null): Promise<Origin> {
  const nginx = kind === 'node' ? null : which('nginx')
  if (nginx === null && kind === 'nginx') throw new Error('nginx is not installed')
  const ports: number[] = []
  for (let i = 0; i < SERVERS; i++) ports.push(await freePort())
  const folder = tempFolder('origin')
  const command: Command = nginx === null ? rawOrigin(ports) : nginxOrigin(nginx, ports, folder)
  const child = new Child(command, 'origin', folder)
  for (const port of ports) await waitUntil('the origin', child, () => answers(port, SMALL_BODY))
  return { kind: nginx === null ? 'node' : 'nginx', ports, stop: () => child.stop() }
}
