// What servers say about themselves, as the main thread sees it: makes one weight factor for each server of what response
// headers, load reports and agents said, and bars those that want no new exchanges, but never the last one. Like the
// keeper of sick servers it has no clock: `tick` is called again and again.
//
// Feedback only ever takes away: a factor is at most 1, so no server gets beyond its configured weight, whatever it says.
import type { ServerFeedback } from '../config/config.ts'
import { BAR, type Bar, type ServerTable, UP } from '../shared/server-table.ts'
import { DRAIN_SAID, Standing } from '../shared/standing.ts'
import type { AgentWord } from './agent-text.ts'
import { loadFactors } from './load-factors.ts'

export interface HeardUpstream {
  readonly name: string
  readonly feedback: ServerFeedback
  readonly servers: readonly { readonly slot: number; readonly url: string; readonly weight: number }[]
}

export type FeedbackEvent = {
  readonly upstream: string
  readonly url: string
  readonly slot: number
} & (
  | { readonly kind: 'weight'; readonly factor: number }
  | { readonly kind: 'drains' | 'agent_down'; readonly asked: boolean; readonly refused: boolean }
)

/** gRFC A58: load reports are looked at once a second. */
const LOAD_UPDATE_MS = 1000
const STEPS = 20
const STEP = 1 / STEPS

class HeardServer {
  readonly slot: number
  readonly url: string
  readonly weight: number
  agent: AgentWord = {}
  agentAt = 0
  /** Since when load reports have come without a gap; 0: they do not. */
  loadSince = 0
  loadFactor = 1
  factor: number
  /** Refused because it is the last one; told once. */
  readonly refused = new Set<Bar>()

  constructor(slot: number, url: string, weight: number, factor: number) {
    this.slot = slot
    this.url = url
    this.weight = weight
    this.factor = factor
  }
}

interface Heard {
  readonly upstream: HeardUpstream
  readonly servers: readonly HeardServer[]
  nextLoad: number
}

export class FeedbackKeeper {
  private readonly table: ServerTable
  private readonly standing: Standing
  private readonly onEvent: (event: FeedbackEvent) => void
  private heard: readonly Heard[] = []

  constructor(table: ServerTable, onEvent: (event: FeedbackEvent) => void) {
    this.table = table
    this.standing = new Standing(table)
    this.onEvent = onEvent
  }

  /** Whether an upstream asks for any of this. */
  static needed({ headers, orca, agent_port }: ServerFeedback): boolean {
    return headers || orca || agent_port > 0
  }

  /** Listens to these from now on. What the others said is forgotten. */
  watch(upstreams: readonly HeardUpstream[]): void {
    const before = new Map(this.heard.flatMap(({ servers }) => servers).map((server) => [server.slot, server]))
    this.heard = upstreams
      .filter(({ feedback }) => FeedbackKeeper.needed(feedback))
      .map((upstream) => ({
        upstream,
        nextLoad: 0,
        servers: upstream.servers.map(({ slot, url, weight }) => {
          const known = before.get(slot)
          return known?.url === url && known.weight === weight
            ? known
            : new HeardServer(slot, url, weight, this.table.weightFactor(slot))
        }),
      }))
    const listened = new Set(this.heard.flatMap(({ servers }) => servers.map(({ slot }) => slot)))
    for (const slot of before.keys()) if (!listened.has(slot)) this.forget(slot)
  }

  /** An agent has answered. */
  agentSaid(slot: number, word: AgentWord, now: number): void {
    for (const { servers } of this.heard) {
      const server = servers.find((one) => one.slot === slot)
      if (server === undefined) continue
      server.agent = { ...server.agent, ...word }
      server.agentAt = now
    }
  }

  tick(now: number): void {
    for (const heard of this.heard) {
      const { expiry, orca } = heard.upstream.feedback
      for (const server of heard.servers) this.expire(server, expiry, now)
      if (orca && now >= heard.nextLoad) {
        heard.nextLoad = now + LOAD_UPDATE_MS
        this.weighLoad(heard, now)
      }
      for (const server of heard.servers) this.apply(heard, server)
      this.rescueIn(heard)
    }
  }

  /** Where the last server that could be picked has gone down, those that did not want to come back. */
  rescue(): void {
    for (const heard of this.heard) this.rescueIn(heard)
  }

  private forget(slot: number): void {
    this.standing.unsay(slot)
    this.table.setWeightFactor(slot, 1000)
    this.table.unbar(slot, BAR.drains)
    this.table.unbar(slot, BAR.agent)
  }

  private expire(server: HeardServer, expiry: number, now: number): void {
    if (now - this.standing.saidAt(server.slot) > expiry) this.standing.unsay(server.slot)
    if (now - server.agentAt > expiry) server.agent = {}
    const { slot } = server
    const reports = this.standing.loadAt(slot) > 0 && now - this.standing.loadAt(slot) <= expiry
    if (!reports) server.loadSince = 0
    else if (server.loadSince === 0) server.loadSince = this.standing.loadAt(slot)
  }

  private weighLoad({ servers, upstream }: Heard, now: number): void {
    const { orca_blackout } = upstream.feedback
    const weights = servers.map(({ slot, weight, loadSince }) =>
      loadSince > 0 && now - loadSince >= orca_blackout ? this.standing.loadWeight(slot) / weight : 0,
    )
    const factors = loadFactors(weights)
    for (const [index, server] of servers.entries()) server.loadFactor = factors[index]!
  }

  private apply(heard: Heard, server: HeardServer): void {
    const { slot, agent } = server
    const { headers, orca, agent_port } = heard.upstream.feedback
    const said = headers ? this.standing.saidWeight(slot) : -1
    const asked = Math.min(said < 0 ? 1 : said / 100, agent_port > 0 ? (agent.weight ?? 100) / 100 : 1)
    const factor = nextStep(Math.min(asked, orca ? server.loadFactor : 1), server.factor)
    if (factor !== server.factor) {
      server.factor = factor
      if (this.table.setWeightFactor(slot, Math.round(factor * 1000)))
        this.tell(heard, server, { kind: 'weight', factor })
    }
    const saidDrain = headers ? this.standing.saidDrain(slot) : 0
    const drains = saidDrain === DRAIN_SAID || (agent_port > 0 && agent.drain === true)
    this.setBar(heard, server, BAR.drains, drains || asked === 0)
    this.setBar(heard, server, BAR.agent, agent_port > 0 && agent.down === true)
  }

  private setBar(heard: Heard, server: HeardServer, bar: typeof BAR.drains | typeof BAR.agent, asked: boolean): void {
    const { slot, refused } = server
    const kind = bar === BAR.drains ? 'drains' : 'agent_down'
    if (!asked) {
      refused.delete(bar)
      if (this.table.unbar(slot, bar)) this.tell(heard, server, { kind, asked, refused: false })
      return
    }
    if ((this.table.bars(slot) & bar) !== 0) return
    let last = false
    let barred = false
    this.table.decide(() => {
      last = !heard.servers.some((other) => other !== server && this.table.pickable(other.slot))
      if (!last) barred = this.table.bar(slot, bar)
    })
    if (barred) {
      refused.delete(bar)
      this.tell(heard, server, { kind, asked, refused: false })
    } else if (last && !refused.has(bar)) {
      refused.add(bar)
      this.tell(heard, server, { kind, asked, refused: true })
    }
  }

  private rescueIn(heard: Heard): void {
    if (heard.servers.some(({ slot }) => this.table.pickable(slot))) return
    for (const server of heard.servers) {
      const { slot, refused } = server
      if (this.table.health(slot) !== UP || (this.table.bars(slot) & ~(BAR.drains | BAR.agent)) !== 0) continue
      for (const bar of [BAR.drains, BAR.agent] as const) {
        if (!this.table.unbar(slot, bar)) continue
        refused.add(bar)
        const kind = bar === BAR.drains ? 'drains' : 'agent_down'
        this.tell(heard, server, { kind, asked: true, refused: true })
      }
    }
  }

  private tell(
    { upstream }: Heard,
    { url, slot }: HeardServer,
    event: { kind: 'weight'; factor: number } | { kind: 'drains' | 'agent_down'; asked: boolean; refused: boolean },
  ): void {
    this.onEvent({ upstream: upstream.name, url, slot, ...event })
  }
}

/** The twentieth next to a factor, from 0.05 to 1; the present one as long as the factor is not clearly nearer to another. */
function nextStep(factor: number, present: number): number {
  if (factor < 1 && factor > STEP && Math.abs(factor - present) < STEP * 0.75) return present
  return Math.round(Math.max(factor, STEP) / STEP) / STEPS
}
