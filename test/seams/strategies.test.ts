import { registry } from '../../src/registry.ts'
import { type Traits, testStrategy } from './strategy-suite.ts'

const traits: Record<string, Traits> = {
  least_active: { distrusts: true },
  random: { draws: true },
  two_choices: { draws: true, distrusts: true },
  least_time: { distrusts: true },
  peak_ewma: { draws: true, distrusts: true },
  prequal: { draws: true, distrusts: true },
  first_available: { unweighted: true },
}

for (const [name, strategy] of Object.entries(registry.strategies)) testStrategy(name, strategy, traits[name])
