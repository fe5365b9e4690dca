// When a server counts as up or down: not after one lucky or unlucky check, but after `rise` or `fall` of them in a
// row. The exception is the very first check of a server, which decides alone, for before it we only presumed.

export class Hysteresis {
  up: boolean
  /** False while the state is only presumed. */
  known: boolean
  private readonly rise: number
  private readonly fall: number
  /** Results in a row that speak against the state. */
  private against = 0

  constructor(limits: { rise: number; fall: number }, up: boolean, known: boolean) {
    this.rise = limits.rise
    this.fall = limits.fall
    this.up = up
    this.known = known
  }

  /** Takes the result of a check into account; returns whether that changed the state. */
  add(ok: boolean): boolean {
    const before = this.up
    if (!this.known) this.set(ok, true)
    else if (ok === before) this.against = 0
    else if (++this.against >= (before ? this.fall : this.rise)) this.set(ok, true)
    return this.up !== before
  }

  /** Sets the state for reasons of another kind than checks. */
  set(up: boolean, known: boolean): void {
    this.up = up
    this.known = known
    this.against = 0
  }
}
