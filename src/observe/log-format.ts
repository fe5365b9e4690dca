// The two formats of the log and its levels; what the config calls `logging.format` and `logging.level`.

export type LogFormat = 'text' | 'json'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Takes whole lines, each ending in a line feed, and says how many they are. */
export type LogSink = (text: string, lines: number) => void

const RANK = { debug: 0, info: 1, warn: 2, error: 3, off: 4 } as const

/** Whether a line of `level` is written when the config asks for `threshold`. */
export function isLogged(level: LogLevel, threshold: LogLevel | 'off'): boolean {
  return RANK[level] >= RANK[threshold]
}
