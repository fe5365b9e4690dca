// The one place that touches what Node does not document: the handles under its sockets. It gives three things that
// `node:net` has no name for, each with an ordinary way for a Node where it is missing:
//   - the handle of an accepted connection, before Node makes a socket of it that cannot read into our buffer;
//   - a socket over such a handle that reads as `onread` says;
//   - writes straight to the handle, past the stream machinery, as Node 26 makes them.
// test/scenarios/handles.test.ts holds it against the running Node.
import net from 'node:net'

export interface Handle {
  readStart(): number
  close(): void
  /** Bytes that were written and have not left. */
  readonly writeQueueSize: number
  /** Each returns 0 when all bytes have left, a negative error, or the request that is under way. */
  writeLatin1String(request: null, text: string): number | WriteRequest
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest
  /** Chunks and their encodings in turn. */
  writev(request: null, chunks: unknown[], allBuffers: false): number | WriteRequest
}

export interface WriteRequest {
  handle: Handle
  oncomplete: (this: WriteRequest, status: number) => void
  /** Keeps the bytes alive until they have left. */
  buffer: unknown
  /** Whom to tell. */
  listener: WriteListener
  /** The outcome, when it was there before anyone could listen. */
  writeStatus: number | null
}

/** Hears when a write that did not leave at once has left (`status` 0) or failed (negative). */
export interface WriteListener {
  onWritten(status: number): void
}

/** Takes the connections of a listening server as handles. Returns false where that cannot be done. */
export function takeHandles(
  server: net.Server,
  onHandle: (error: number, handle: Handle | undefined) => void,
): boolean {
  const handle = (server as unknown as { _handle: { onconnection: typeof onHandle } | null })._handle
  if (typeof handle?.onconnection !== 'function') return false
  handle.onconnection = onHandle
  return true
}

/** A socket over an accepted handle, reading as `onread` says. */
export function socketOver(handle: Handle, onread: net.OnReadOpts): net.Socket {
  const options = { handle, allowHalfOpen: true, onread }
  return new net.Socket(options as unknown as net.SocketConstructorOpts)
}

/** The handle of a connected socket for direct writes, or null where they are not to be had. */
export function writableHandle(socket: net.Socket): Handle | null {
  return DIRECT ? ((socket as unknown as { _handle: Handle | null })._handle ?? null) : null
}

/** Takes note of a write that did not leave at once: `listener` hears of its end. */
export function follow(request: WriteRequest, handle: Handle, buffer: unknown, listener: WriteListener): void {
  request.handle = handle
  request.buffer = buffer
  request.listener = listener
  request.oncomplete = onComplete
  const status = request.writeStatus
  if (typeof status === 'number') listener.onWritten(status)
}

function onComplete(this: WriteRequest, status: number): void {
  this.listener.onWritten(status)
}

/** Whether this Node writes as `Handle` says: it then passes null where older ones pass a request of their own. */
function writesDirectly(): boolean {
  let passed: unknown
  const pretended = {
    writeLatin1String(request: unknown) {
      passed = request
      return 0
    },
    close() {},
  }
  try {
    new net.Socket({ handle: pretended, manualStart: true } as unknown as net.SocketConstructorOpts).write(
      'x',
      'latin1',
    )
  } catch {
    return false
  }
  return passed === null
}

const DIRECT = writesDirectly()
