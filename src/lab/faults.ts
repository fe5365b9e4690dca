// What goes wrong with servers, and when it is over.
import type { Attempts } from './attempt.ts'
import type { Fault } from './scenario.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Plans all faults; their times count from `from` on. */
export function planFaults(
  faults: readonly Fault[],
  servers: readonly SimulatedServer[],
  clock: VirtualClock,
  attempts: Attempts,
  from: number,
): void {
  for (const fault of faults) {
    const affected = fault.servers.map((number) => servers[number - 1]!)
    const begins = fault.at === null ? 0 : from + fault.at
    clock.after(begins, () => {
      for (const server of affected) begin(fault, server, attempts)
    })
    if (fault.length === 0) continue
    clock.after(begins + fault.length, () => {
      for (const server of affected) end(fault, server)
    })
  }
}

function begin(fault: Fault, server: SimulatedServer, attempts: Attempts): void {
  if (fault.kind === 'down') server.goDown(attempts.all)
  else if (fault.kind === 'hangs') server.hangs = true
  else {
    server.failsChecks = fault.failsChecks
    if (fault.kind === 'slow') server.slowness = fault.factor
    else server.errorShare = fault.share
  }
}

function end(fault: Fault, server: SimulatedServer): void {
  if (fault.kind === 'down') server.isDown = false
  else if (fault.kind === 'hangs') server.goOn()
  else {
    server.failsChecks = false
    if (fault.kind === 'slow') server.slowness = 1
    else server.errorShare = 0
  }
}
