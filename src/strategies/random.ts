// A server drawn at random, by weight. Nothing is shared and nothing is learned, so many balancers that know nothing of each
// other still spread their work evenly between them; but at any moment some server has more than its share.
import { Sampler } from '../picking/sampler.ts'
import { sequenceOf } from '../picking/weights.ts'
import type { Strategy } from '../seams/strategy.ts'

export const random: Strategy = {
  name: 'random',
  title: 'random',
  summary: 'A server at random, as often as the weights say.',
  showsLoad: false,
  make(servers, tools) {
    const sampler = new Sampler(sequenceOf(servers), servers.count, tools.random)
    return { pick: (exchange) => sampler.drawAllowed(exchange) }
  },
}
