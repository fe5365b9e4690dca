// The logs of one thread, all behind one batch, so that its lines keep their order and their times never go back.
import { AccessLog } from './access-log.ts'
import { LineBatch } from './line-batch.ts'
import { LogClock } from './log-clock.ts'
import { isLogged, type LogFormat, type LogLevel, type LogSink } from './log-format.ts'
import { Logger } from './logger.ts'
import { SelectionLog } from './selection-log.ts'

/** `logging` of the config, with the colour that the main thread found out. */
export interface ThreadLogOptions {
  readonly format: LogFormat
  readonly level: LogLevel | 'off'
  readonly selection: boolean
  readonly access: boolean
  readonly colour: boolean
}

export interface ThreadLog {
  readonly logger: Logger
  /** Null when it is off; selection and access lines are info lines. */
  readonly selection: SelectionLog | null
  readonly access: AccessLog | null
  /** Hands over what is held back; to be called before the thread ends. */
  flush(): void
}

export function makeThreadLog(sink: LogSink, options: ThreadLogOptions): ThreadLog {
  const { format, level } = options
  const colour = options.colour && format === 'text'
  const clock = new LogClock(colour)
  const batch = new LineBatch(sink, clock)
  const info = isLogged('info', level)
  return {
    logger: new Logger(batch.sink, { format, level, colour, clock }),
    selection: info && options.selection ? new SelectionLog(batch, format) : null,
    access: info && options.access ? new AccessLog(batch, format) : null,
    flush: () => batch.flush(),
  }
}
