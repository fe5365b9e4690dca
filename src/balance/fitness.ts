// What the shared table knows about a server, as a verdict for new exchanges.
import { BAR, DRAINING, type ServerTable, UP } from '../shared/server-table.ts'
import { FITNESS, type Fitness } from './tiers.ts'

export function fitnessOf(table: ServerTable, slot: number): Fitness {
  const health = table.health(slot)
  const bars = table.bars(slot)
  // One that asks for no new exchanges is on its way out, too: it is not for a panic.
  if (health === DRAINING || (bars & BAR.drains) !== 0) return FITNESS.leaving
  return health === UP && bars === 0 ? FITNESS.healthy : FITNESS.sick
}
