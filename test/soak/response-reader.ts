// Reads the responses on one connection as their bytes come, and compares each body with what it should be.

export class ResponseReader {
  /** What was wrong; empty: nothing so far. */
  wrong = ''
  /** Responses with the right body. */
  whole = 0
  private readonly bodies: readonly Buffer[]
  private next = 0
  private text: 'head' | 'chunk size' | 'chunk end' | 'trailer' | null = 'head'
  private line = ''
  private chunked = false
  /** Bytes of the body or of the chunk that are still to come. */
  private left = 0
  private at = 0
  /** Not the server's own response: its body is not compared. */
  private foreign = false

  constructor(bodies: readonly Buffer[]) {
    this.bodies = bodies
  }

  get over(): boolean {
    return this.next === this.bodies.length
  }

  get state(): string {
    return `response ${this.next + 1} of ${this.bodies.length}, ${this.text ?? 'body'} after ${this.at} bytes of the body`
  }

  read(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && this.wrong === ''; ) {
      if (this.over) this.wrong = 'bytes behind the last response'
      else if (this.text === null) at = this.readBody(bytes, at)
      else at = this.readText(bytes, at)
    }
  }

  private readBody(bytes: Buffer, start: number): number {
    const part = bytes.subarray(start, start + this.left)
    const right = this.bodies[this.next]!.subarray(this.at, this.at + part.length)
    if (!this.foreign && !right.equals(part)) this.wrong = `wrong bytes, ${this.state}`
    this.at += part.length
    this.left -= part.length
    if (this.left === 0) {
      if (this.chunked) this.text = 'chunk end'
      else this.done()
    }
    return start + part.length
  }

  /** Reads up to the end of a line, or of a head. */
  private readText(bytes: Buffer, start: number): number {
    const end = bytes.indexOf(10, start)
    const stop = end < 0 ? bytes.length : end + 1
    this.line += bytes.toString('latin1', start, stop)
    if (this.text === 'head' ? !this.line.endsWith('\r\n\r\n') : end < 0) return stop
    const { line } = this
    this.line = ''
    if (this.text === 'head') this.readHead(line)
    else if (this.text === 'chunk size') {
      this.left = Number.parseInt(line, 16)
      if (!/^[0-9a-f]+\r\n$/i.test(line))
        this.wrong = `a chunk size of ${JSON.stringify(line.slice(0, 50))}, ${this.state}`
      this.text = this.left === 0 ? 'trailer' : null
    } else if (line !== '\r\n') this.wrong = `${JSON.stringify(line.slice(0, 50))} as ${this.state}`
    else if (this.text === 'trailer') this.done()
    else this.text = 'chunk size'
    return stop
  }

  private readHead(head: string): void {
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]
    if (status === undefined) this.wrong = `${JSON.stringify(head.slice(0, 100))} for a head`
    if (status === undefined || status.startsWith('1')) return
    this.foreign = status !== '200'
    this.chunked = /\r\ntransfer-encoding: chunked\r\n/i.test(head)
    this.left = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0)
    this.at = 0
    this.text = this.chunked ? 'chunk size' : null
    if (this.text === null && this.left === 0) this.done()
  }

  private done(): void {
    if (!this.foreign) {
      if (this.at !== this.bodies[this.next]!.length) this.wrong = `too short, ${this.state}`
      this.whole++
    }
    this.next++
    this.text = 'head'
  }
}
