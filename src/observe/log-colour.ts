// Colour for people: on a terminal only, unless the environment says otherwise (no-color.org, force-color.org).

const RESET = '\x1b[0m'
const CODES = { cyan: '\x1b[36m', dim: '\x1b[2m', yellow: '\x1b[33m', red: '\x1b[31m' } as const
export type Colour = keyof typeof CODES

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; `FORCE_COLOR=0` and `=false` turn colour off. */
export function wantsColour(isTerminal: boolean, environment: Record<string, string | undefined>): boolean {
  const forced = environment.FORCE_COLOR
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if (environment.NO_COLOR) return false
  return isTerminal && environment.TERM !== 'dumb'
}

/** `text` in a colour, or as it is when `on` is false. */
export function inColour(on: boolean, colour: Colour, text: string): string {
  return on ? CODES[colour] + text + RESET : text
}
