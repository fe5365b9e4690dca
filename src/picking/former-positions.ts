// Where servers stood in an earlier picker, so that what was learned of them is taken over: ids stay, positions do not.
import { NONE, type PickableServers } from '../seams/strategy.ts'

export function idsOf(servers: PickableServers): Int32Array {
  return Int32Array.from({ length: servers.count }, (_, position) => servers.id(position))
}

/** By new position; NONE for servers that are new. */
export function formerPositions(ids: Int32Array, former: Int32Array): Int32Array {
  const byId = new Map<number, number>()
  for (const [position, id] of former.entries()) byId.set(id, position)
  return ids.map((id) => byId.get(id) ?? NONE)
}
