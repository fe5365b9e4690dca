// One line for each finished exchange; off unless the config asks for it. Targets are the client's own bytes (a latin1
// string), so they are escaped: nothing that a client sends can end a line or look like a field.
import type { LineBatch } from './line-batch.ts'
import { escapeQuoted, jsonString } from './log-escape.ts'
import type { LogFormat } from './log-format.ts'

export class AccessLog {
  private readonly batch: LineBatch
  private readonly format: LogFormat

  constructor(batch: LineBatch, format: LogFormat) {
    this.batch = batch
    this.format = format
  }

  /**
   * `status` is the one the client was sent, 0 when it was sent none; `bytes` those of the response body; `micros` the
   * duration of the exchange in microseconds; `server` and `failure` are empty when there was none; `version` is the
   * client's. A request so broken that it has no method or target shows `-`.
   */
  access(
    client: string,
    method: string,
    target: string,
    status: number,
    bytes: number,
    micros: number,
    server: string,
    retries: number,
    failure: string,
    version = 'HTTP/1.1',
  ): void {
    const { batch } = this
    batch.begin()
    if (this.format === 'json') {
      batch.clock.readMillis()
      let line = `{"time":"${batch.clock.iso}","level":"info","message":"Exchange finished","event":"exchange_finished"`
      line += `,"client":${jsonString(client)},"method":${jsonString(method)},"target":${jsonString(target)}`
      line += `,"version":${jsonString(version)},"status":${status},"bytes":${bytes},"duration_ms":${exactMillis(micros)}`
      line += `,"server":${jsonString(server)},"retries":${retries}`
      batch.add(failure === '' ? `${line}}\n` : `${line},"failure":${jsonString(failure)}}\n`, 1)
      return
    }
    const request = `${escapeQuoted(method) || '-'} ${escapeQuoted(target) || '-'} ${version}`
    let line = `${batch.clock.prefix}${client} "${request}" ${status} ${bytes}B ${millis(micros)}ms ${server || '-'}`
    if (retries !== 0) line += ` retries=${retries}`
    if (failure !== '') line += ` failure=${failure}`
    batch.add(`${line}\n`, 1)
  }
}

/** Milliseconds with one decimal; whole numbers throughout, for turning fractions into text is slow. */
function millis(micros: number): string {
  const tenths = Math.round(micros / 100)
  const tenth = tenths % 10
  return `${(tenths - tenth) / 10}.${tenth}`
}

/** Milliseconds with three decimals. */
function exactMillis(micros: number): string {
  const whole = Math.round(micros)
  const rest = whole % 1000
  const zeros = rest < 10 ? '00' : rest < 100 ? '0' : ''
  return `${(whole - rest) / 1000}.${zeros}${rest}`
}
