// Which key a request has: key 1 comes most often, key r so often as 1/r^skew says (Zipf). A draw takes the same time for
// any number of keys: the alias method of Walker (1977), with the set-up of Vose (1991).

/** Makes a source of keys from 0 to `count` - 1. `skew` 0: all alike. */
export function zipfKeys(count: number, skew: number, random: () => number): () => number {
  const shares = Float64Array.from({ length: count }, (_, rank) => (rank + 1) ** -skew)
  const sum = shares.reduce((total, share) => total + share, 0)
  const own = new Float64Array(count)
  const alias = new Int32Array(count)
  const small: number[] = []
  const large: number[] = []
  for (let key = 0; key < count; key++) {
    own[key] = (shares[key]! / sum) * count
    if (own[key]! < 1) small.push(key)
    else large.push(key)
  }
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop()!
    const rich = large.at(-1)!
    alias[poor] = rich
    own[rich] = own[rich]! - (1 - own[poor]!)
    if (own[rich]! < 1) small.push(large.pop()!)
  }
  // What is left is 1 but for rounding.
  for (const key of [...small, ...large]) own[key] = 1
  return () => {
    const place = random() * count
    const key = Math.floor(place)
    return place - key < own[key]! ? key : alias[key]!
  }
}
