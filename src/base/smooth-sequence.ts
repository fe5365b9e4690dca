// One round of nginx's smooth weighted round robin, laid out in full: weights 5, 1, 1 give a a b a c a a.
//
// At each step every entry gains its weight, the entry with the most is chosen (the first of equals) and pays the sum of
// all weights (nginx 1.3.1, commit 52327e0627f4). After as many steps as that sum all are back at zero, so one round
// says everything. Entries of equal weight can only follow each other in order; that is why it is enough to compare
// one candidate per distinct weight, and 10,000 equal entries cost no more than one comparison a step.
import type { WeightedSequence } from './weighted-sequence.ts'

export class SmoothSequence implements WeightedSequence {
  readonly length: number
  /** The entry at each step of the round. */
  private readonly round: Uint32Array
  /** The steps of entry 0 in order, then those of entry 1, and so on. */
  private readonly steps: Uint32Array
  /** Where in `steps` those of an entry begin; one more than there are entries. */
  private readonly begins: Uint32Array

  /** Takes whole numbers of at least 1 without a common divisor; memory and time grow with their sum. */
  constructor(weights: readonly number[]) {
    this.begins = new Uint32Array(weights.length + 1)
    for (let entry = 0; entry < weights.length; entry++) this.begins[entry + 1] = this.begins[entry]! + weights[entry]!
    this.round = layOut(weights, this.begins[weights.length]!)
    this.steps = new Uint32Array(this.round.length)
    this.length = this.round.length
    const ends = this.begins.slice()
    for (let step = 0; step < this.round.length; step++) this.steps[ends[this.round[step]!]!++] = step
  }

  at(step: number): number {
    return this.round[this.within(step)]!
  }

  distance(entry: number, step: number): number {
    step = this.within(step)
    const begin = this.begins[entry]!
    const end = this.begins[entry + 1]!
    // The first of the entry's steps that is not before `step`, or its first one in the round that follows.
    let low = begin
    let high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.steps[middle]! < step) low = middle + 1
      else high = middle
    }
    return low < end ? this.steps[low]! - step : this.steps[begin]! + this.round.length - step
  }

  stepAfter(entry: number, step: number): number {
    return this.within(this.within(step) + this.distance(entry, step) + 1)
  }

  /** Most steps are within the round as they are, and a division takes as long as all the rest. */
  private within(step: number): number {
    step >>>= 0
    return step < this.length ? step : step % this.length
  }
}

/** The entries of one weight, which take turns in order. */
interface Group {
  weight: number
  entries: number[]
  next: number
  gained: number
}

function layOut(weights: readonly number[], length: number): Uint32Array {
  const groups = groupByWeight(weights)
  const round = new Uint32Array(length)
  for (let step = 0; step < length; step++) {
    let best: Group | undefined
    for (const group of groups) {
      group.gained += group.weight
      if (best === undefined || group.gained > best.gained) best = group
      else if (group.gained === best.gained && group.entries[group.next]! < best.entries[best.next]!) best = group
    }
    round[step] = best!.entries[best!.next]!
    pay(best!, length)
  }
  return round
}

/** The next entry of the group has been chosen; `gained` is what the one after it has, which lags by a round at most. */
function pay(group: Group, length: number): void {
  group.next++
  if (group.next < group.entries.length) return
  group.next = 0
  group.gained -= length
}

function groupByWeight(weights: readonly number[]): Group[] {
  const groups = new Map<number, Group>()
  weights.forEach((weight, entry) => {
    const group = groups.get(weight)
    if (group === undefined) groups.set(weight, { weight, entries: [entry], next: 0, gained: 0 })
    else group.entries.push(entry)
  })
  return [...groups.values()]
}
