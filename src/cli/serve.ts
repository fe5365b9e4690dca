// Runs a load balancer as the process's one job: start, wait for a signal, stop gracefully, exit code 0; or 1 when no
// worker is left.
import type { Config } from '../config/config.ts'
import type { BoundListener } from '../control/load-balancer.ts'
import { CliError } from './cli-error.ts'
import { startError } from './start-error.ts'
import { firstStopSignal } from './stop-signals.ts'

interface Around {
  takeOver?: boolean
  /** Runs when every listener accepts. */
  started?: (listeners: readonly BoundListener[]) => void
  /** Runs when the last exchange has ended, or when the start failed. */
  stopped?: () => Promise<void>
}

/** Rejects with a CliError when a listener cannot be opened, or when no worker is left; otherwise it ends the process and never returns. */
export async function serve(config: Config, { takeOver = false, started, stopped }: Around = {}): Promise<never> {
  const stopSignal = firstStopSignal()
  const { LoadBalancer } = await import('../control/load-balancer.ts')
  const balancer = new LoadBalancer(config, { stdout: true, takeOver })
  const failed = new Promise<Error>((resolve) => balancer.once('failed', resolve))
  if (started !== undefined) balancer.once('listening', started)
  try {
    await balancer.start()
  } catch (error) {
    await stopped?.()
    throw startError(error)
  }
  const end = await Promise.race([stopSignal, failed])
  await balancer.stop(end instanceof Error ? {} : { signal: end })
  await stopped?.()
  if (end instanceof Error) throw new CliError(`${end.message}.`)
  process.exit(0)
}
