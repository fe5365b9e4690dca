// What is kept about servers by slot, when the list of servers changes.

interface Kept {
  readonly slot: number
  readonly url: string
}

/** One entry for each server in the list: the former one where slot and URL are as before, else a new one. */
export function carryOver<T extends Kept>(
  before: ReadonlyMap<number, T>,
  servers: readonly Kept[],
  begin: (slot: number, url: string) => T,
): Map<number, T> {
  return new Map(
    servers.map(({ slot, url }) => {
      const known = before.get(slot)
      return [slot, known?.url === url ? known : begin(slot, url)]
    }),
  )
}
