// What a line of the log costs the thread that moves bytes: nanoseconds and bytes per line, handing over whole batches included.
// Run: node bench/micro/log.ts
import { AccessLog } from '../../src/observe/access-log.ts'
import { LineBatch } from '../../src/observe/line-batch.ts'
import { LogClock } from '../../src/observe/log-clock.ts'
import type { LogFormat } from '../../src/observe/log-format.ts'
import { SelectionLog } from '../../src/observe/selection-log.ts'
import { allocated, costCells } from './cost.ts'

const LINES = 1_000_000
const ROUNDS = 5

const { port1, port2 } = new MessageChannel()
port2.on('message', () => {})
port2.unref()

for (const format of ['text', 'json'] as const) {
  await measure(`selection, ${format}, round robin`, () => selection(format, false))
  await measure(`selection, ${format}, with load`, () => selection(format, true))
  await measure(`access, ${format}`, () => access(format))
}
port1.close()

function selection(format: LogFormat, showsLoad: boolean): (line: number) => void {
  const log = new SelectionLog(batch(), format)
  const texts = [1, 2, 3].map((id) => log.prepare(`http://localhost:800${id}`, 'main', 'round robin', showsLoad))
  return (line) => log.selected(texts[line % 3]!, line & 63)
}

function access(format: LogFormat): (line: number) => void {
  const log = new AccessLog(batch(), format)
  return (line) => {
    const target = line % 7 === 0 ? '/' : '/articles/2025/09/index.html?page=2'
    log.access('127.0.0.1', 'GET', target, 200, line & 0xffff, line & 0x3fff, 'http://localhost:8001', 0, '')
  }
}

/** Batches as in a worker: posted to another thread's port. */
function batch(): LineBatch {
  return new LineBatch((text, lines) => port1.postMessage({ text, lines }), new LogClock())
}

async function measure(name: string, make: () => (line: number) => void): Promise<void> {
  let nanos = Number.POSITIVE_INFINITY
  let bytes: number | null = null
  const write = make()
  for (let round = 0; round < ROUNDS; round++) {
    const before = allocated()
    const start = process.cpuUsage()
    for (let line = 0; line < LINES; line++) write(line)
    const used = process.cpuUsage(start)
    const after = allocated()
    bytes = before === null || after === null ? null : (after - before) / LINES
    nanos = Math.min(nanos, ((used.user + used.system) * 1000) / LINES)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const [time = '', memory = ''] = costCells({ nanos, bytes })
  console.log(`${name.padEnd(32)} ${time.padStart(8)} ${memory.padStart(10)} per line`)
}
