import { registry } from '../../src/registry.ts'
import { testStrategy } from './strategy-suite.ts'

for (const [name, strategy] of Object.entries(registry.strategies)) testStrategy(name, strategy)
