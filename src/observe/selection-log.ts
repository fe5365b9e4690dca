// One line for each choice of a server: the busiest line of the log. Everything but the load is text made in advance, and a
// text line without load is the same string for a whole second, so writing it is one append (bench/micro/log.ts).
import type { LineBatch } from './line-batch.ts'
import { selectedByTurn, selectedWithLoad } from './lines.ts'
import { escapeMessage, jsonString } from './log-escape.ts'
import type { LogFormat } from './log-format.ts'

/** What is known of a server's lines before it is selected; made by `SelectionLog.prepare` when a plan is installed. */
export class SelectionText {
  /** The line from after the time on; up to the load when that is shown. */
  readonly body: string
  /** JSON only: what stands between the load in the message and the load as a field. */
  readonly rest: string
  readonly showsLoad: boolean
  /** `body` behind the prefix of the second `keptSecond`. */
  kept = ''
  keptSecond = Number.NaN

  constructor(body: string, rest: string, showsLoad: boolean) {
    this.body = body
    this.rest = rest
    this.showsLoad = showsLoad
  }
}

export class SelectionLog {
  private readonly batch: LineBatch
  private readonly format: LogFormat

  constructor(batch: LineBatch, format: LogFormat) {
    this.batch = batch
    this.format = format
  }

  /** `title` and `showsLoad` are those of the strategy: `round robin`, false. */
  prepare(url: string, upstream: string, title: string, showsLoad: boolean): SelectionText {
    const message = showsLoad ? selectedWithLoad(url) : selectedByTurn(url, title)
    if (this.format === 'text') {
      const text = escapeMessage(message)
      return new SelectionText(showsLoad ? text : `${text}\n`, '', showsLoad)
    }
    const quoted = jsonString(message)
    const rest = `","event":"server_selected","server":${jsonString(url)},"upstream":${jsonString(upstream)}`
    const body = `","level":"info","message":${quoted.slice(0, -1)}`
    return showsLoad
      ? new SelectionText(body, `${rest},"load":`, true)
      : new SelectionText(`${body}${rest}}\n`, '', false)
  }

  /** `load`: exchanges in flight towards the server before this one. */
  selected(text: SelectionText, load: number): void {
    const batch = this.batch
    batch.begin()
    if (this.format === 'json') {
      const line = `{"time":"${batch.clock.iso()}${text.body}`
      batch.add(text.showsLoad ? `${line}${load}${text.rest}${load}}\n` : line, 1)
      return
    }
    const { clock } = batch
    if (text.keptSecond !== clock.second) {
      text.kept = clock.prefix + text.body
      text.keptSecond = clock.second
    }
    batch.add(text.showsLoad ? `${text.kept}${load}\n` : text.kept, 1)
  }
}
