// The registry of cases, in the order in which they run. A new case is a file beside this one and a line here.
import type { BenchCase } from './bench-case.ts'
import { body1m } from './body1m.ts'
import { body64k } from './body64k.ts'
import { browser } from './browser.ts'
import { close } from './close.ts'
import { post10k } from './post10k.ts'
import { small } from './small.ts'
import { smallLogged } from './small-logged.ts'

export const CASES: readonly BenchCase[] = [small, browser, body64k, body1m, post10k, close, smallLogged]
