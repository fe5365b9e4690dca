// Durations and sizes as people write them: `250ms`, `1.5s`, `16KiB`, `off`. The config counts in milliseconds and bytes,
// and 0 is off.
import { Mistake } from './mistake.ts'
import { quote } from './problem.ts'

interface Unit {
  readonly name: string
  readonly factor: number
}

interface Measure {
  readonly noun: string
  readonly example: string
  /** From the largest; the first one that divides a value exactly is the one it is printed in. */
  readonly units: readonly Unit[]
}

export const DURATION: Measure = {
  noun: 'duration',
  example: '30s',
  units: [
    { name: 'h', factor: 3_600_000 },
    { name: 'm', factor: 60_000 },
    { name: 's', factor: 1000 },
    { name: 'ms', factor: 1 },
  ],
}

export const SIZE: Measure = {
  noun: 'size',
  example: '16KiB',
  units: [
    { name: 'GiB', factor: 2 ** 30 },
    { name: 'GB', factor: 1e9 },
    { name: 'MiB', factor: 2 ** 20 },
    { name: 'MB', factor: 1e6 },
    { name: 'KiB', factor: 2 ** 10 },
    { name: 'KB', factor: 1e3 },
    { name: 'B', factor: 1 },
  ],
}

export interface Bounds {
  readonly min: number
  readonly max: number
  /** Whether `off` is allowed. */
  readonly off: boolean
}

/** The value in milliseconds or bytes, rounded to a whole number. */
export function parseAmount(measure: Measure, bounds: Bounds, text: string): number | Mistake {
  if (text === 'off') {
    return bounds.off ? 0 : new Mistake('cannot be "off"', `write a ${measure.noun} ${rangeOf(measure, bounds)}`)
  }
  const value = readAmount(measure, text)
  if (value === null) return new Mistake(`${quote(text)} is not a ${measure.noun}`, hintFor(measure, text))
  if (value >= bounds.min && value <= bounds.max) return value
  return new Mistake(
    `${quote(text)} is not ${rangeOf(measure, bounds)}`,
    value === 0 && bounds.off ? 'write "off" to turn it off' : '',
  )
}

/** The shortest text that `parseAmount` reads as this value. */
export function formatAmount(measure: Measure, value: number): string {
  if (value === 0) return 'off'
  const unit = measure.units.find(({ factor }) => value % factor === 0)
  return unit === undefined ? `${value}${measure.units.at(-1)!.name}` : `${value / unit.factor}${unit.name}`
}

/** A pattern for the JSON Schema. */
export function amountPattern(measure: Measure, off: boolean): string {
  const units = measure.units.map(({ name }) => name).join('|')
  return off ? `^(\\d+(\\.\\d+)?(${units})|off)$` : `^\\d+(\\.\\d+)?(${units})$`
}

export function rangeOf(measure: Measure, { min, max }: Bounds): string {
  return `from ${formatAmount(measure, min)} to ${formatAmount(measure, max)}`
}

function readAmount(measure: Measure, text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,15})?)([A-Za-z]+)$/.exec(text)
  const unit = measure.units.find(({ name }) => name === match?.[2])
  return match === null || unit === undefined ? null : Math.round(Number(match[1]) * unit.factor)
}

function hintFor(measure: Measure, text: string): string {
  const units = measure.units.map(({ name }) => name).reverse()
  if (/^\d+(\.\d+)?$/.test(text.trim())) return `it needs a unit: ${units.map((unit) => text.trim() + unit).join(', ')}`
  const tidy = text.replace(/\s/g, '')
  const unit = units.find(
    (name) => tidy.toLowerCase().endsWith(name.toLowerCase()) && /\d/.test(tidy.at(-name.length - 1) ?? ''),
  )
  const corrected = unit === undefined ? '' : tidy.slice(0, -unit.length) + unit
  if (readAmount(measure, corrected) !== null) return `write "${corrected}"`
  return `write it as "${measure.example}"; units are ${units.join(', ')}`
}
