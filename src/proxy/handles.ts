// The one place that touches what Node does not document: the handles under its sockets. A handle costs a fraction of the
// socket that Node makes over it, in time and in memory; docs/performance.md has the figures. Whatever is missing in a
// Node turns `HANDLES` off, as does OCTOLOAD_HANDLES=off in the environment, and ordinary sockets serve.
// test/scenarios/handles.test.ts holds both ways against the running Node.
import { writeSync } from 'node:fs'
import net from 'node:net'

/** A TCP connection as libuv has it. */
export interface Handle {
  /** The number of the open file; below 0 on Windows. */
  readonly fd: number
  /** Called with the outcome of each read, which `readResult` tells. */
  onread: (this: Handle) => void
  useUserBuffer(buffer: Buffer): void
  readStart(): number
  readStop(): number
  /** Each returns 0 when all bytes have left, a negative error, or the request that is under way. */
  writeLatin1String(request: null, text: string): number | WriteRequest
  writeBuffer(request: null, bytes: Buffer): number | WriteRequest
  /** Chunks and their encodings in turn. */
  writev(request: null, chunks: unknown[], allBuffers: false): number | WriteRequest
  /** Bytes that were written and have not left. */
  readonly writeQueueSize: number
  readonly bytesWritten: number
  /** Sends our end after all that is written; 1: done at once. */
  shutdown(request: ShutdownRequest): number
  close(closed?: () => void): void
  /** Closes with a reset (RST). */
  reset(closed: () => void): number
  setNoDelay(on: boolean): number
  getpeername(out: { address?: string }): number
  /** Ours: whom the reads are for. */
  [LISTENER]?: ReadListener
}

export interface WriteRequest {
  handle: Handle
  oncomplete: (this: WriteRequest, status: number) => void
  /** Keeps the bytes alive until they have left. */
  buffer: Buffer | null
  /** Ours: whether that is memory to be given back. */
  copied: boolean
  /** Ours: whom to tell. */
  listener: WriteListener
  /** The outcome, when it was there before anyone could listen. */
  writeStatus: number | null
}

interface ShutdownRequest {
  oncomplete: (status: number) => void
  handle: Handle
}

/** Hears of each read: a number of bytes, or a negative error (`END` for the end). */
export interface ReadListener {
  onRead(size: number): void
}

/** Hears when a write that did not leave at once has left (`status` 0) or failed (negative); `copy` is memory to be given back. */
export interface WriteListener {
  onWritten(status: number, copy: Buffer | null): void
}

interface StreamBinding {
  streamBaseState: Int32Array
  kReadBytesOrError: number
  ShutdownWrap: new () => ShutdownRequest
}

/** What a read gives at the end of the stream (UV_EOF). */
export const END = -4095

const LISTENER = Symbol('listener')
const binding = streamBinding()
const readResult = binding?.streamBaseState ?? new Int32Array(1)
const SIZE = binding?.kReadBytesOrError ?? 0

/** Whether this Node has handles as they are described here. */
export const HANDLES = process.env.OCTOLOAD_HANDLES !== 'off' && binding !== null && writesDirectly()

/** Takes the connections of a listening server as handles. Returns false where that cannot be done. */
export function takeHandles(
  server: net.Server,
  onHandle: (error: number, handle: Handle | undefined) => void,
): boolean {
  const handle = (server as unknown as { _handle: { onconnection: typeof onHandle } | null })._handle
  if (!HANDLES || typeof handle?.onconnection !== 'function') return false
  handle.onconnection = onHandle
  return true
}

/** Takes the handle out of a connected socket, which is then an empty shell; null where that cannot be done. */
export function detachHandle(socket: net.Socket): Handle | null {
  const holder = socket as unknown as { _handle: Handle | null }
  if (!HANDLES || holder._handle === null || socket.destroyed) return null
  const handle = holder._handle
  holder._handle = null
  socket.removeAllListeners()
  return handle
}

/** Reads of `handle` go into `buffer` and to `listener` from now on. */
export function listen(handle: Handle, buffer: Buffer, listener: ReadListener): void {
  handle[LISTENER] = listener
  handle.onread = onRead
  handle.useUserBuffer(buffer)
  handle.readStart()
}

/** Takes note of a write that did not leave at once: `listener` hears of its end. */
export function follow(
  request: WriteRequest,
  handle: Handle,
  buffer: Buffer | null,
  copied: boolean,
  listener: WriteListener,
): void {
  request.handle = handle
  request.buffer = buffer
  request.copied = copied
  request.listener = listener
  request.oncomplete = onWritten
  if (typeof request.writeStatus === 'number') onWritten.call(request, request.writeStatus)
}

/**
 * Writes from `bytes` past the handle what the kernel takes at once, and returns how many bytes that is. Only while no
 * write of the handle is under way. Whatever is wrong, the handle's own write will meet it, too.
 */
export function tryWrite(fd: number, bytes: Buffer, start: number, end: number): number {
  if (fd < 0) return 0
  try {
    return writeSync(fd, bytes, start, end - start)
  } catch {
    return 0
  }
}

/** Sends our end behind all that is written; `done` follows. */
export function shutdown(handle: Handle, done: () => void): void {
  const request = new binding!.ShutdownWrap()
  request.oncomplete = done
  request.handle = handle
  if (handle.shutdown(request) !== 0) done()
}

function onRead(this: Handle): void {
  const size = readResult[SIZE]!
  if (size !== 0) this[LISTENER]!.onRead(size)
}

function onWritten(this: WriteRequest, status: number): void {
  this.listener.onWritten(status, this.copied ? this.buffer : null)
}

function streamBinding(): StreamBinding | null {
  try {
    const get = (process as unknown as { binding(name: string): Partial<StreamBinding> }).binding
    const found = get.call(process, 'stream_wrap')
    const complete =
      found.streamBaseState !== undefined && found.kReadBytesOrError !== undefined && found.ShutdownWrap !== undefined
    return complete ? (found as StreamBinding) : null
  } catch {
    return null
  }
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
