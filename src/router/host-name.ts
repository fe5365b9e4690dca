// From the value of a Host header to the name that routes are found by.

/**
 * The host without its port, in lower case, without the dot that may end a full name (`Example.com.:80` → `example.com`).
 * Addresses keep their brackets: `[::1]:80` → `[::1]`. Takes a valid Host value (RFC 9110, section 7.2).
 */
export function hostName(host: string): string {
  let end = host.length
  const colon = host.lastIndexOf(':')
  if (colon !== -1 && colon > host.lastIndexOf(']')) end = colon
  if (end > 0 && host.charCodeAt(end - 1) === 0x2e) end--
  return host.slice(0, end).toLowerCase()
}
