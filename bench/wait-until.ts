// Waits for a program that was just started.
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from './machine/child.ts'

const PATIENCE = 15_000

/** Resolves once `condition` holds. Rejects with the program's last words when it exits or takes longer than `patience` ms. */
export async function waitUntil(
  what: string,
  child: Child,
  condition: () => boolean | Promise<boolean>,
  patience: number = PATIENCE,
): Promise<void> {
  const deadline = Date.now() + patience
  while (!(await condition())) {
    if (child.hasExited) throw new Error(`${what} ended at once:\n${child.lastWords()}`)
    if (Date.now() > deadline) throw new Error(`${what} is not ready after ${patience} ms:\n${child.lastWords()}`)
    await delay(20)
  }
}

/** Whether a GET of `/` on this port of 127.0.0.1 is answered with 200 and this body. */
export function answers(port: number, body: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({ host: '127.0.0.1', port, agent: false, timeout: 1000 }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => resolve(false))
      response.on('end', () => resolve(response.statusCode === 200 && Buffer.concat(chunks).equals(body)))
    })
    probe.on('timeout', () => probe.destroy(new Error('time-out')))
    probe.on('error', () => resolve(false))
    probe.end()
  })
}
