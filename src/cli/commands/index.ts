// Every command, in the order of the help. A new one is one file and one line here.
import type { Command } from '../command.ts'
import { check } from './check.ts'
import { demo } from './demo.ts'
import { demoServer } from './demo-server.ts'
import { run } from './run.ts'
import { simulate } from './simulate.ts'

export const commands: readonly Command[] = [run, check, demo, demoServer, simulate]
