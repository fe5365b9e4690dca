// The first server of the list that has a place left: the next one is used only while those before it are full. For servers
// that cost money when they run, or for a main server and its stand-ins; without `max_active` the first one gets everything.
//
// Of a long list that is full at its head a pick does not look at every server again. It remembers how far the list was full,
// and looks beyond the first ones only at a few of those before that place, in turn, and at any that was seen finishing.
import { NONE, type PickableServers, type PickExchange, type Picker, type Strategy } from '../seams/strategy.ts'

/** So many at the head of the list are looked at for every pick. */
const HEAD = 64
/** Further ones, of those that were full, that a pick looks at. */
const LOOKS = 8

export const firstAvailable: Strategy = {
  name: 'first_available',
  title: 'first available',
  summary: 'The first server of the list that is not full; the next one only while it is.',
  showsLoad: true,
  make: (servers) => new FirstAvailablePicker(servers),
}

class FirstAvailablePicker implements Picker {
  private readonly count: number
  private readonly head: number
  /** Those between the head and here had no place when they were looked at. */
  private full: number
  private look: number

  constructor(servers: PickableServers) {
    this.count = servers.count
    this.head = Math.min(HEAD, servers.count)
    this.full = this.head
    this.look = this.head
  }

  pick(exchange: PickExchange): number {
    for (let position = 0; position < this.head; position++) if (!exchange.excludes(position)) return position
    const again = this.lookAgain(exchange)
    if (again !== NONE) return again
    for (let position = this.full; position < this.count; position++) {
      if (exchange.excludes(position)) continue
      this.full = position
      return position
    }
    // Behind that place there is nothing either. Before one says that all are full, one looks at all.
    this.full = this.head
    for (let position = this.head; position < this.count; position++) {
      if (!exchange.excludes(position)) return position
    }
    return NONE
  }

  finished(position: number): void {
    if (position >= this.head && position < this.full) this.full = position
  }

  private lookAgain(exchange: PickExchange): number {
    const looks = Math.min(LOOKS, this.full - this.head)
    for (let done = 0; done < looks; done++) {
      const position = this.look
      this.look = position + 1 < this.full ? position + 1 : this.head
      if (exchange.excludes(position)) continue
      return position
    }
    return NONE
  }
}
