// A server as it may be written on the command line: a port of this machine, host:port, or a URL.

/** The server's URL (`3001` → `http://localhost:3001`), or undefined when the text is none of the three forms. */
export function serverUrl(text: string): string | undefined {
  if (/^\d{1,5}$/.test(text)) return isPort(text) ? `http://localhost:${text}` : undefined
  if (text.includes('://')) return text
  const port = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(text)?.[1]
  return port !== undefined && isPort(port) ? `http://${text}` : undefined
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65535
}
