// Reads the keys of a scenario one by one and notes everything that is wrong, in the words of the config's problems.
import { suggest } from '../config/closest.ts'
import { describeValue, type Finding, type Path, quote } from '../config/problem.ts'

const UNITS: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

export class Fields {
  private readonly value: Record<string, unknown>
  private readonly path: Path
  private readonly findings: Finding[]
  private readonly asked = new Set<string>()

  /** Notes a finding when `value` is no object, and goes on as if it were an empty one. */
  constructor(value: unknown, path: Path, findings: Finding[]) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    this.value = isObject ? (value as Record<string, unknown>) : {}
    this.path = path
    this.findings = findings
    if (!isObject) this.wrong(path, `expected an object, got ${describeValue(value)}`)
  }

  has(key: string): boolean {
    this.asked.add(key)
    return this.value[key] !== undefined
  }

  raw(key: string): unknown {
    this.asked.add(key)
    return this.value[key]
  }

  pathOf(key: string): Path {
    return [...this.path, key]
  }

  number(key: string, min: number, max: number, otherwise: number): number {
    return this.read(key, otherwise, (value) =>
      typeof value === 'number' && value >= min && value <= max ? value : `a number from ${min} to ${max}`,
    )
  }

  whole(key: string, min: number, max: number, otherwise: number): number {
    return this.read(key, otherwise, (value) =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max
        ? (value as number)
        : `a whole number from ${min} to ${max}`,
    )
  }

  /** 0 to 1, also as a percentage. */
  share(key: string, otherwise: number): number {
    return this.read(key, otherwise, (value) => {
      const percentage = typeof value === 'string' ? /^(\d{1,3}(?:\.\d+)?)%$/.exec(value)?.[1] : undefined
      const share = percentage === undefined ? value : Number(percentage) / 100
      return typeof share === 'number' && share >= 0 && share <= 1 ? share : 'a share such as 0.2 or "20%"'
    })
  }

  /** In milliseconds; fractions are fine, for a simulated network may be quicker than one. */
  duration(key: string, otherwise: number): number {
    return this.read(key, otherwise, (value) => {
      const match = typeof value === 'string' ? /^(\d{1,9}(?:\.\d+)?)(us|µs|ms|s|m|h)$/.exec(value) : null
      return match === null ? 'a duration such as "250us", "10ms" or "5s"' : Number(match[1]) * UNITS[match[2]!]!
    })
  }

  flag(key: string, otherwise: boolean): boolean {
    return this.read(key, otherwise, (value) => (typeof value === 'boolean' ? value : 'true or false'))
  }

  text(key: string, otherwise: string): string {
    this.asked.add(key)
    const value = this.value[key]
    if (value === undefined || typeof value === 'string') return value ?? otherwise
    this.wrong(this.pathOf(key), `expected a string, got ${describeValue(value)}`)
    return otherwise
  }

  word<Word extends string>(key: string, words: readonly Word[], otherwise: Word): Word {
    this.asked.add(key)
    const value = this.value[key]
    const known = words.find((word) => word === value)
    if (value === undefined || known !== undefined) return known ?? otherwise
    if (typeof value === 'string') this.wrong(this.pathOf(key), `unknown word ${quote(value)}`, suggest(value, words))
    else this.wrong(this.pathOf(key), `expected ${words.map(quote).join(' or ')}, got ${describeValue(value)}`)
    return otherwise
  }

  /** Reads each member of a list; a list that is missing is `otherwise`. */
  list<T>(key: string, otherwise: readonly T[], read: (value: unknown, path: Path) => T): readonly T[] {
    this.asked.add(key)
    const value = this.value[key]
    if (value === undefined) return otherwise
    if (Array.isArray(value)) return value.map((member, index) => read(member, [...this.pathOf(key), index]))
    this.wrong(this.pathOf(key), `expected a list, got ${describeValue(value)}`)
    return otherwise
  }

  wrong(path: Path, message: string, hint = ''): void {
    this.findings.push({ path, at: 'value', message, hint })
  }

  /** To be called when every key was asked for: what is left over is unknown. */
  end(): void {
    for (const key of Object.keys(this.value)) {
      if (this.asked.has(key)) continue
      const hint = suggest(key, [...this.asked])
      this.findings.push({ path: this.pathOf(key), at: 'key', message: 'unknown key', hint })
    }
  }

  /** `read` returns the value, or in words what is expected in its place. */
  private read<T extends number | boolean>(key: string, otherwise: T, read: (value: unknown) => T | string): T {
    this.asked.add(key)
    const value = this.value[key]
    if (value === undefined) return otherwise
    const result = read(value)
    if (typeof result !== 'string') return result
    this.wrong(this.pathOf(key), `expected ${result}, got ${describeValue(value)}`)
    return otherwise
  }
}
