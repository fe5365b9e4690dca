// Which servers take part now, in which groups, and what share of the exchanges each group gets: levels of priority,
// backups, near and far zones, and what to do when too few are healthy. Pure; done anew when health or weights change.
//
// A level takes all that its healthy servers can bear, and the rest overflows to the next one. As in Envoy, a level is
// thought to be able to bear everything until less than 1 / overprovisioning of its weight is healthy.

import type { TierRules } from '../plan/plan.ts'

export interface TierServer {
  readonly weight: number
  /** 0 comes first. */
  readonly priority: number
  /** Used only when no other server is healthy or has a place left. */
  readonly backup: boolean
  /** Empty: nowhere in particular. */
  readonly zone: string
}

export interface Tier {
  /** 0 to 20: stays the same while health and weights change. */
  readonly number: number
  /** Numbers of servers, in the order of the list that they came from. */
  readonly members: readonly number[]
  /** Of all exchanges, 0 to 1. The shares add up to 1. Any tier may also be asked when those before it have no server to offer. */
  readonly share: number
}

/** How fit a server is for new exchanges. */
export const FITNESS = {
  healthy: 0,
  /** Down or ejected: it may be asked in a panic. */
  sick: 1,
  /** Draining: never. */
  leaving: 2,
} as const
export type Fitness = (typeof FITNESS)[keyof typeof FITNESS]

/** After those of ten levels. */
const BACKUP_TIER = 20

export interface Tiers {
  readonly tiers: readonly Tier[]
  /** Too few servers are healthy, so all are used. */
  readonly panic: boolean
}

/** The tiers in the order in which they are asked. None is empty; there is none when no server may be used. */
export function makeTiers(
  servers: readonly TierServer[],
  fitness: (server: number) => Fitness,
  rules: TierRules,
): Tiers {
  const staying = servers.flatMap((_, server) => (fitness(server) === FITNESS.leaving ? [] : [server]))
  const healthy = new Set(staying.filter((server) => fitness(server) === FITNESS.healthy))
  const panic = healthy.size < rules.panic * staying.length
  const usable = (server: number): boolean => panic || healthy.has(server)
  const weigh = (members: readonly number[]): number => members.reduce((sum, one) => sum + servers[one]!.weight, 0)
  /** What part of everything these servers can bear. */
  const bears = (members: readonly number[]): number =>
    members.length === 0 ? 0 : Math.min(1, (rules.overprovisioning * weigh(members.filter(usable))) / weigh(members))

  const regular = staying.filter((server) => !servers[server]!.backup)
  const levels = [...Map.groupBy(regular, (server) => servers[server]!.priority)].toSorted(([a], [b]) => a - b)
  const tiers: { number: number; members: number[]; share: number }[] = []
  let rest = 1
  for (const [priority, members] of levels) {
    const share = rest * bears(members)
    const isNear = (server: number): boolean => rules.zone !== '' && servers[server]!.zone === rules.zone
    const near = members.filter(isNear)
    const far = members.filter((server) => !isNear(server) && usable(server))
    const nearShare = far.length === 0 ? share : share * bears(near)
    tiers.push({ number: 2 * priority, members: near.filter(usable), share: nearShare })
    tiers.push({ number: 2 * priority + 1, members: far, share: share - nearShare })
    rest -= share
  }
  const backups = staying.filter((server) => servers[server]!.backup)
  tiers.push({ number: BACKUP_TIER, members: backups.filter(usable), share: 0 })
  return { tiers: settle(tiers.filter(({ members }) => members.length > 0)), panic }
}

/** Makes the shares of what is left add up to 1; where nobody has a share, the first takes all. */
function settle(tiers: readonly Tier[]): readonly Tier[] {
  const sum = tiers.reduce((total, { share }) => total + share, 0)
  return tiers.map((tier, index) => ({ ...tier, share: sum > 0 ? tier.share / sum : index === 0 ? 1 : 0 }))
}
