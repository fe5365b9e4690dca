// A set of objects that come and go by the thousand a second. A Set will not do for that: it makes itself anew over and
// over, and each of its former tables, once it has grown old, keeps what it held alive until the next full collection
// (docs/performance.md). Here each object knows its place in one array, and the last one moves into a gap.

/** What a bag holds. */
export interface Placed {
  /** The bag's own; -1 outside it. */
  place: number
}

export class Bag<T extends Placed> {
  private readonly items: T[] = []

  get size(): number {
    return this.items.length
  }

  add(item: T): void {
    item.place = this.items.length
    this.items.push(item)
  }

  /** Does nothing when the item is not in the bag. */
  delete(item: T): void {
    const { place } = item
    if (place < 0) return
    item.place = -1
    const last = this.items.pop()!
    if (last === item) return
    this.items[place] = last
    last.place = place
  }

  /** All items of this moment, so that the bag may change while they are looked at. */
  all(): readonly T[] {
    return [...this.items]
  }
}
