// An origin for machines without nginx: answers ready-made bytes, and looks at a request only as far as it must to
// find its end. It trusts its clients, the proxies under test; never run it anywhere else.
//   node raw-origin-server.ts PORT...
import { createServer, type Socket } from 'node:net'
import { FILES, FORWARDED_HEADERS, FORWARDED_PATH, SMALL_BODY, UPLOAD_PATH } from './content.ts'

const HEAD_END = '\r\n\r\n'

process.argv.slice(2).forEach((port, index) => {
  const answer = answerer(index + 1)
  createServer({ noDelay: true }, (socket) => serve(socket, answer)).listen(Number(port), '127.0.0.1', 4096)
})

type Answer = (path: string, head: string) => Buffer

function answerer(server: number): Answer {
  const small = response(server, SMALL_BODY)
  const files = new Map([...FILES].map(([path, body]) => [path, response(server, body)]))
  return (path, head) => {
    if (path === UPLOAD_PATH) {
      return response(server, SMALL_BODY, `X-Received: ${header(head, 'content-length')}\r\n`)
    }
    if (path === FORWARDED_PATH) {
      return response(server, Buffer.from(FORWARDED_HEADERS.map((name) => header(head, name)).join('|')))
    }
    return files.get(path) ?? small
  }
}

function response(server: number, body: Buffer, more = ''): Buffer {
  const head =
    `HTTP/1.1 200 OK\r\nServer: raw\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/plain\r\n` +
    `Content-Length: ${body.length}\r\nConnection: keep-alive\r\nX-Server: ${server}\r\n${more}\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

function header(head: string, name: string): string {
  return new RegExp(`\r\n${name}: *([^\r]*)`, 'i').exec(head)?.[1] ?? ''
}

function serve(socket: Socket, answer: Answer): void {
  let held = ''
  let bodyLeft = 0
  socket.on('error', () => socket.destroy())
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    held += text
    for (;;) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, held.length)
        bodyLeft -= taken
        held = held.slice(taken)
      }
      const end = held.indexOf(HEAD_END)
      if (bodyLeft > 0 || end === -1) return
      const head = held.slice(0, end)
      // No proxy here turns a Content-Length into chunks, so a length is all that frames a body.
      if (!head.startsWith('GET ')) bodyLeft = Number(header(head, 'content-length'))
      const pathStart = head.indexOf(' ') + 1
      socket.write(answer(head.slice(pathStart, head.indexOf(' ', pathStart)), head))
      held = held.slice(end + HEAD_END.length)
    }
  })
}
