// Writes the rare lines: starts, changes of health, failures, the end. Each line is made and handed over at once;
// lines for every exchange are the matter of `selection-log.ts` and `access-log.ts`.
import type { LogLine } from './lines.ts'
import { LogClock } from './log-clock.ts'
import { type Colour, inColour } from './log-colour.ts'
import { escapeMessage, jsonString, safeJson } from './log-escape.ts'
import { isLogged, type LogFormat, type LogLevel, type LogSink } from './log-format.ts'

export interface LoggerOptions {
  readonly format: LogFormat
  readonly level: LogLevel | 'off'
  readonly colour: boolean
  /** The clock of the thread's `LineBatch`, when the lines go there; one of its own otherwise. */
  readonly clock?: LogClock
}

type Fields = Record<string, unknown>

const RESERVED = new Set(['time', 'level', 'message', 'event'])
const LEVEL_COLOUR: Record<LogLevel, Colour> = { debug: 'dim', info: 'dim', warn: 'yellow', error: 'red' }

export class Logger {
  private readonly sink: LogSink
  private readonly options: LoggerOptions
  private readonly clock: LogClock

  constructor(sink: LogSink, options: LoggerOptions) {
    this.sink = sink
    this.options = options
    this.clock = options.clock ?? new LogClock(options.colour)
  }

  isLogged(level: LogLevel): boolean {
    return isLogged(level, this.options.level)
  }

  /** Writes a line whose text is in `lines.ts`. */
  log(line: LogLine): void {
    if (this.isLogged(line.level)) this.sink(this.format(line), 1)
  }

  debug(event: string, message: string, fields: Fields = {}): void {
    this.log({ level: 'debug', event, message, fields })
  }

  info(event: string, message: string, fields: Fields = {}): void {
    this.log({ level: 'info', event, message, fields })
  }

  warn(event: string, message: string, fields: Fields = {}): void {
    this.log({ level: 'warn', event, message, fields })
  }

  error(event: string, message: string, fields: Fields = {}): void {
    this.log({ level: 'error', event, message, fields })
  }

  /** The line as it would be written, whatever the level asked for. */
  format(line: LogLine): string {
    if (this.options.format === 'json') {
      this.clock.readMillis()
      return formatJson(line, this.clock.iso)
    }
    this.clock.refresh()
    return formatText(line, this.clock.prefix, this.options.colour)
  }
}

/** Info lines carry no level word; the others say theirs. */
function formatText({ level, message }: LogLine, prefix: string, colour: boolean): string {
  const word = level === 'info' ? '' : `${inColour(colour, LEVEL_COLOUR[level], level.toUpperCase())} `
  return `${prefix}${word}${escapeMessage(message)}\n`
}

function formatJson({ level, event, message, fields = {} }: LogLine, time: string): string {
  let line = `{"time":"${time}","level":"${level}","message":${jsonString(message)},"event":${jsonString(event)}`
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && !RESERVED.has(name)) line += `,${jsonString(name)}:${fieldJson(value)}`
  }
  return `${line}}\n`
}

/** Logging never throws: what JSON cannot hold is written as text. */
function fieldJson(value: unknown): string {
  if (value instanceof Error) return jsonString(value.message)
  try {
    return safeJson(value)
  } catch {
    return jsonString(String(value))
  }
}
