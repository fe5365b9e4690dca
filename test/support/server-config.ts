// A server of the effective config, with everything that a test does not say.
import type { ServerConfig } from '../../src/config/config.ts'

export function serverConfig(host: string, port: number, rest: Partial<ServerConfig> = {}): ServerConfig {
  return {
    url: `http://${host}:${port}`,
    host,
    port,
    weight: 1,
    max_active: 0,
    priority: 0,
    backup: false,
    zone: '',
    ...rest,
  }
}
