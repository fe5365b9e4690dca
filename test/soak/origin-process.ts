// A server of the soak: does what the path says. `node origin-process.ts PORT`, as a child with a message channel; it
// ends with its parent. Paths may begin with /turns, which only chooses the upstream.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'
import { bytesOf, type Stretch } from './pattern.ts'

const PIECE = 60_000

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.on('error', () => {})
  const [what = '', ...rest] = request
    .url!.replace(/^\/turns/, '')
    .slice(1)
    .split('/')
  const [first = 0, second = 0] = rest.map(Number)
  if (what === 'echo') echo(request, response)
  else {
    request.resume()
    answer(what, { offset: first, size: second }, response)
  }
})

function answer(what: string, stretch: Stretch, response: ServerResponse): void {
  const { socket } = response
  switch (what) {
    case 'bytes':
      response.setHeader('Content-Length', stretch.size)
      response.end(bytesOf(stretch))
      break
    case 'chunked':
      for (let at = 0; at < stretch.size; at += PIECE) {
        response.write(bytesOf({ offset: stretch.offset + at, size: Math.min(PIECE, stretch.size - at) }))
      }
      response.end()
      break
    case 'half':
      response.setHeader('Content-Length', stretch.size)
      response.write(bytesOf({ ...stretch, size: stretch.size >> 1 }), () => socket!.resetAndDestroy())
      break
    case 'status':
      response.writeHead(stretch.offset).end('as you asked')
      break
    case 'reset':
      socket!.resetAndDestroy()
      break
    case 'hang':
      break
    default:
      response.end('alive')
  }
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const length = request.headers['content-length']
  if (length !== undefined) response.setHeader('Content-Length', length)
  request.pipe(response)
}

const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data, binary) => socket.send(data, { binary }))
})

process.on('disconnect', () => process.exit(0))
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send!('listening'))
