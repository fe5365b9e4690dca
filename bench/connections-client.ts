// Opens connections, sends one request on each, and then keeps them idle. Prints OPEN when all have been answered,
// and LOST for each that the other side closes.
//   node connections-client.ts LOCAL_ADDRESS PORT COUNT
import { connect } from 'node:net'
import { serialise } from './cases/bench-case.ts'
import { SMALL_REQUEST } from './cases/small.ts'
import { SMALL_BODY } from './origin/content.ts'

const AT_ONCE = 64

const [localAddress, port, count] = process.argv.slice(2)
const request = serialise(SMALL_REQUEST)
const bodyEnd = SMALL_BODY.toString('latin1')
let begun = 0
let answered = 0

for (let i = 0; i < AT_ONCE; i++) openNext()

function openNext(): void {
  if (begun === Number(count)) return
  begun++
  const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress: localAddress! })
  let response = ''
  socket.setEncoding('latin1')
  socket.write(request)
  socket.on('data', (text: string) => {
    response += text
    if (!response.endsWith(bodyEnd)) return
    response = ''
    answered++
    if (answered === Number(count)) console.log('OPEN')
    openNext()
  })
  socket.on('error', () => {})
  socket.on('close', () => console.log('LOST'))
}
