// `npm run bench`: octoload against nginx, HAProxy, Caddy and two Node proxies, end to end, one core each.
// docs/benchmarks.md describes the method.

import { explain } from './explain.ts'
import { choose, readOptions } from './options.ts'
import { OTHERS } from './peers/index.ts'
import { octoload, THIS_TREE } from './peers/octoload.ts'
import { runSession } from './session.ts'

const USAGE = `npm run bench -- [options]
  --octoload-dir DIR   measure the octoload in DIR in place of this tree's`

async function main(): Promise<void> {
  const options = readOptions(USAGE)
  const known = [...OTHERS, octoload(options.octoloadFolder ?? THIS_TREE)]
  const wanted = options.only === null ? known : choose('proxy', options.only.join(','), known)
  const missing = wanted.filter((peer) => peer.version() === null)
  if (missing.length > 0) console.log(`not installed: ${missing.map(({ name }) => name).join(', ')}`)
  const peers = wanted.filter((peer) => !missing.includes(peer))
  const references = peers.filter((peer) => peer.isReference).map(({ name }) => name)
  await runSession(peers, options, { names: references, label: '× best' })
}

main().catch(explain)
