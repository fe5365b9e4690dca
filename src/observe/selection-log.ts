// One line for each choice of a server: the busiest line of the log. Everything but the load is text made in advance, and the
// line up to the load is kept for as long as its time shows the same, so writing it is one append (bench/micro/log.ts).
import type { LineBatch } from './line-batch.ts'
import { selectedByTurn, selectedWithLoad } from './lines.ts'
import { escapeMessage, jsonString } from './log-escape.ts'
import type { LogFormat } from './log-format.ts'

/** What is known of a server's lines before it is selected; made by `SelectionLog.prepare` when a plan is installed. */
export class SelectionText {
  /** The line from after the time on; up to the load when that is shown. */
  readonly body: string
  /** What stands between the load in the message and the load as a field; JSON only. */
  readonly middle: string
  readonly showsLoad: boolean
  /** The time and `body`, made for `keptAt`: a second in the text format, a millisecond in JSON. */
  kept = ''
  keptAt = Number.NaN

  constructor(body: string, middle: string, showsLoad: boolean) {
    this.body = body
    this.middle = middle
    this.showsLoad = showsLoad
  }
}

export class SelectionLog {
  private readonly batch: LineBatch
  private readonly json: boolean

  constructor(batch: LineBatch, format: LogFormat) {
    this.batch = batch
    this.json = format === 'json'
  }

  /** `title` and `showsLoad` are those of the strategy: `round robin`, false. */
  prepare(url: string, upstream: string, title: string, showsLoad: boolean): SelectionText {
    const message = showsLoad ? selectedWithLoad(url) : selectedByTurn(url, title)
    if (!this.json) {
      const text = escapeMessage(message)
      return new SelectionText(showsLoad ? text : `${text}\n`, '', showsLoad)
    }
    const body = `","level":"info","message":${jsonString(message).slice(0, -1)}`
    const fields = `","event":"server_selected","server":${jsonString(url)},"upstream":${jsonString(upstream)}`
    return showsLoad
      ? new SelectionText(body, `${fields},"load":`, true)
      : new SelectionText(`${body}${fields}}\n`, '', false)
  }

  /** `load`: exchanges in flight towards the server before this one. */
  selected(text: SelectionText, load: number): void {
    const { batch, json } = this
    batch.begin()
    const { clock } = batch
    const time = json ? clock.readMillis() : clock.second
    if (text.keptAt !== time) {
      text.kept = (json ? `{"time":"${clock.iso}` : clock.prefix) + text.body
      text.keptAt = time
    }
    if (!text.showsLoad) batch.add(text.kept, 1)
    else batch.add(json ? `${text.kept}${load}${text.middle}${load}}\n` : `${text.kept}${load}\n`, 1)
  }
}
