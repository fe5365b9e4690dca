// The kinds of health check. To add one: write its file and add it here.
import type { HealthCheck } from '../seams/health-check.ts'
import { http } from './http.ts'
import { tcp } from './tcp.ts'

export const healthChecks: Record<string, HealthCheck> = { http, tcp }
