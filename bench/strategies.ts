// `npm run bench:strategies`: what each strategy costs a request, against `round_robin` in the same rounds. Those that hash
// are left out: all clients of the load have one address and ask for one path, and only one server would answer.
import { explain } from './explain.ts'
import { readOptions } from './options.ts'
import { octoload, THIS_TREE } from './peers/octoload.ts'
import { runSession } from './session.ts'

const USAGE = 'npm run bench:strategies -- [options]; the case `small` unless --case names others'
const YARDSTICK = 'round_robin'
const STRATEGIES = [YARDSTICK, 'least_active', 'random', 'two_choices', 'least_time', 'peak_ewma', 'prequal']

const options = readOptions(USAGE)
const cases = process.argv.includes('--case') ? options.cases : options.cases.filter(({ name }) => name === 'small')
const peers = STRATEGIES.map((strategy) => ({ ...octoload(THIS_TREE, strategy, { strategy }), takesTurns: false }))
await runSession(peers, { ...options, cases }, { names: [YARDSTICK], label: `× ${YARDSTICK}` }).catch(explain)
