// Looks into a value as it was written, whatever it is: what has the wrong kind counts as empty.

export type Entries = Record<string, unknown>

export function isObject(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectOf(value: unknown): Entries {
  return isObject(value) ? value : {}
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
