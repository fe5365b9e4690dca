// The part of autocannon's interface that is used here; the package has no types of its own.
declare module 'autocannon' {
  interface Request {
    method: string
    path: string
    headers: Record<string, string>
    body?: string
  }

  interface Options {
    url: string
    connections: number
    /** Seconds. */
    duration: number
    /** Seconds. */
    timeout: number
    reconnectRate?: number
    requests: Request[]
  }

  interface Result {
    requests: { total: number }
    /** Milliseconds. */
    latency: { p50: number; p99: number }
    duration: number
    /** Including time-outs. */
    errors: number
    non2xx: number
  }

  function autocannon(options: Options): Promise<Result>
  namespace autocannon {
    export type { Options }
  }
  export = autocannon
}
