// The same scenario with more or fewer servers: groups keep their proportions, and a fault of one server in ten is one of
// a hundred in a thousand.
import { type Fault, type Scenario, type ServerGroup, serverCount } from './scenario.ts'

export function scaleServers(scenario: Scenario, count: number): Scenario {
  const before = serverCount(scenario)
  const servers = scaleGroups(scenario.servers, before, count)
  return {
    ...scenario,
    servers,
    faults: scenario.faults.map((fault) => scaleFault(fault, before, count)),
    subset: Math.min(scenario.subset, count),
  }
}

/** Each group ends where its share of the whole ends. A group too small for one server is left out. */
function scaleGroups(groups: readonly ServerGroup[], before: number, count: number): ServerGroup[] {
  let until = 0
  let done = 0
  return groups
    .map((group) => {
      until += group.count
      const end = Math.round((until / before) * count)
      const scaled = { ...group, count: end - done }
      done = end
      return scaled
    })
    .filter((group) => group.count > 0)
}

function scaleFault(fault: Fault, before: number, count: number): Fault {
  const servers = new Set<number>()
  for (const number of fault.servers) {
    const first = Math.floor(((number - 1) / before) * count)
    const end = Math.max(first + 1, Math.floor((number / before) * count))
    for (let server = first; server < end; server++) servers.add(server + 1)
  }
  return { ...fault, servers: [...servers] }
}
