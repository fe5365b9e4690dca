// Everything that a config may name, in one record: the schema, the docs and the plan compiler read their lists here.
import { healthChecks } from './health/index.ts'
import { strategies } from './strategies/index.ts'

export const registry = { strategies, healthChecks }
