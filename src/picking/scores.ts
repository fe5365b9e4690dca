/** What a picker compares servers by: the lowest score wins. At least 0; NaN never. */
export interface Scores {
  score(position: number, now: number): number
}
