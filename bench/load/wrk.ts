// wrk: a load generator in C with one thread and epoll. The requests are prebuilt here and only handed out by wrk.lua.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serialise } from '../cases/bench-case.ts'
import { Child } from '../machine/child.ts'
import { which } from '../machine/which.ts'
import { programVersion } from '../peers/installed.ts'
import type { LoadGenerator, LoadResult } from './load.ts'

const SCRIPT = join(import.meta.dirname, 'wrk.lua')

export const wrk: LoadGenerator = {
  name: 'wrk',
  version: () => programVersion('wrk', ['-v']),
  async run({ port, seconds, benchCase, folder }) {
    const requests = join(folder, 'requests')
    const frames = benchCase.requests.map(serialise).flatMap((bytes) => [Buffer.from(`${bytes.length}\n`), bytes])
    writeFileSync(requests, Buffer.concat(frames))
    const options = ['-t', '1', '-c', String(benchCase.connections), '-d', `${seconds}s`, '--timeout', '5s']
    const argv = [which('wrk')!, ...options, '--latency', '-s', SCRIPT, `http://127.0.0.1:${port}/`, requests]
    const child = new Child({ argv }, 'load', folder)
    await child.exited
    const line = /^RESULT (.*)$/m.exec(child.output())?.[1]
    if (line === undefined) throw new Error(`wrk failed:\n${child.lastWords()}`)
    return JSON.parse(line) as LoadResult
  },
}
