// A strategy of people's own, with another one to fall back on: when it throws, or picks what cannot be picked, that is told
// once and the other one takes over, until the next plan. Built-in strategies need none of this and do not pay for it.
import { firstAllowed } from '../picking/first-allowed.ts'
import {
  type AttemptResult,
  NONE,
  type PickableServers,
  type PickExchange,
  type Picker,
  type ProbeAnswer,
  type Strategy,
} from '../seams/strategy.ts'

/** Another worker may fill or empty a server while a pick is made: only what is wrong several times in a row is wrong. */
const CHANCES = 3

/** `onBroken` is told why, once. */
export function withFallback(custom: Strategy, fallback: Strategy, onBroken: (reason: string) => void): Strategy {
  let broken = false

  function breakDown(reason: string): void {
    if (broken) return
    broken = true
    onBroken(reason)
  }

  return {
    ...custom,
    make(servers, tools, options, before) {
      const former = before instanceof PickerWithFallback ? before : null
      const spare = () => fallback.make(servers, tools, {}, former?.spare ?? null)
      if (broken) return new PickerWithFallback(servers, null, spare, breakDown)
      try {
        const picker = custom.make(servers, tools, options, former?.custom ?? null)
        if (typeof picker?.pick === 'function') return new PickerWithFallback(servers, picker, spare, breakDown)
        breakDown('`make` returned no picker')
      } catch (error) {
        breakDown(`\`make\` threw ${describe(error)}`)
      }
      return new PickerWithFallback(servers, null, spare, breakDown)
    },
  }
}

class PickerWithFallback implements Picker {
  /** Null once it is broken. */
  custom: Picker | null
  spare: Picker | null = null
  private readonly servers: PickableServers
  private readonly makeSpare: () => Picker
  private readonly onBroken: (reason: string) => void

  constructor(
    servers: PickableServers,
    custom: Picker | null,
    makeSpare: () => Picker,
    onBroken: (reason: string) => void,
  ) {
    this.servers = servers
    this.custom = custom
    this.makeSpare = makeSpare
    this.onBroken = onBroken
    if (custom === null) this.spare = makeSpare()
  }

  pick(exchange: PickExchange): number {
    for (let chance = 1; this.custom !== null; chance++) {
      let position: number
      try {
        position = this.custom.pick(exchange)
      } catch (error) {
        this.breakDown(`\`pick\` threw ${describe(error)}`)
        break
      }
      const flaw = this.flawOf(position, exchange)
      if (flaw === '') return position
      if (chance === CHANCES) this.breakDown(flaw)
    }
    return this.spare!.pick(exchange)
  }

  started(position: number): void {
    if (this.custom === null) return this.spare!.started?.(position)
    try {
      this.custom.started?.(position)
    } catch (error) {
      this.breakDown(`\`started\` threw ${describe(error)}`)
    }
  }

  finished(position: number, result: AttemptResult): void {
    if (this.custom === null) return this.spare!.finished?.(position, result)
    try {
      this.custom.finished?.(position, result)
    } catch (error) {
      this.breakDown(`\`finished\` threw ${describe(error)}`)
    }
  }

  probed(position: number, answer: ProbeAnswer): void {
    if (this.custom === null) return this.spare!.probed?.(position, answer)
    try {
      this.custom.probed?.(position, answer)
    } catch (error) {
      this.breakDown(`\`probed\` threw ${describe(error)}`)
    }
  }

  /** What is wrong with a pick; empty when nothing is. */
  private flawOf(position: number, exchange: PickExchange): string {
    const { count } = this.servers
    if (position === NONE) {
      return firstAllowed(exchange, count, 0) === NONE ? '' : '`pick` returned NONE although a server was left'
    }
    if (!Number.isInteger(position) || position < 0 || position >= count) {
      return `\`pick\` returned ${show(position)}, which is no position from 0 to ${count - 1}`
    }
    return exchange.excludes(position) ? `\`pick\` returned ${position}, which the exchange excludes` : ''
  }

  private breakDown(reason: string): void {
    this.custom = null
    this.spare ??= this.makeSpare()
    this.onBroken(reason)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : show(error)
}

/** Whatever a strategy may return or throw, in a few words. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  return typeof value === 'object' && value !== null
    ? 'an object'
    : typeof value === 'function'
      ? 'a function'
      : String(value)
}
