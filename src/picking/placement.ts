// Where keys belong: what the kinds of consistent hashing have in common.

export interface Placement {
  /** The hash of a key, as this kind of placement wants it: 32 bits with a sign. */
  hash(key: string): number
  /**
   * The position that is the `rank`th choice for a hash, from 0 on. Ranks are asked for in order, one hash at a time. A
   * position may come up more than once, and not every one need come up.
   */
  at(hash: number, rank: number): number
}
