// Writes what is derived from the config's schema: schema/octoload.schema.json and docs/configuration.md.
// With --check it writes nothing and fails when a file is not what it would write.
import { readFileSync, writeFileSync } from 'node:fs'
import {
  alternatives,
  fileJsonSchema,
  type JsonSchema,
  publishedJsonSchema,
  schemasAt,
} from '../src/config/json-schema.ts'
import { formatPath, type Path } from '../src/config/problem.ts'
import { registry } from '../src/registry.ts'

const ROOT = new URL('../', import.meta.url)

/** The generated files by their place in the repository. */
export function generatedFiles(): Record<string, string> {
  return {
    'schema/octoload.schema.json': `${JSON.stringify(publishedJsonSchema(), null, 2)}\n`,
    'docs/configuration.md': configurationPage(),
  }
}

function configurationPage(): string {
  return [
    introduction(exampleText('servers.json'), exampleText('examples/full.jsonc')),
    table('The top level', [], 'Every key may be left out, except that servers must come from somewhere.'),
    table('`load_balancer`', ['load_balancer']),
    table('`servers`', ['servers']),
    table(
      'A server',
      ['servers', 'urls', 0],
      'In `servers.urls` and in the `servers` of an upstream; instead of a plain URL.',
    ),
    table('A listener', ['listeners', 0]),
    table('A route', ['routes', 0]),
    table('The match of a route', ['routes', 0, 'match']),
    table('An upstream', ['upstreams', 'NAME'], 'In `upstreams`, by name.'),
    strategies(),
    ...[
      'timeouts',
      'retries',
      'hedging',
      'health_check',
      'passive_health',
      'outlier_detection',
      'circuit_breaker',
      'server_feedback',
      'connections',
      'queue',
      'shedding',
      'slow_start',
      'limits',
      'forwarding',
      'logging',
      'metrics',
    ].map((key) => table(`\`${key}\``, [key])),
  ].join('\n')
}

function exampleText(file: string): string {
  return readFileSync(new URL(file, ROOT), 'utf8').trimEnd()
}

function introduction(short: string, full: string): string {
  return `<!-- Written by \`npm run generate\` from src/config/schema.ts; change that file instead. -->

# Configuration

octoload reads \`servers.json\` in the current folder, or the file that \`--config FILE\` names. \`octoload check FILE\` says
everything that is wrong with a file, each problem with its place and what to do about it; \`octoload check --print FILE\`
prints the effective config, with every default written out.

## The short form

Most set-ups need no more than this. Every key of \`load_balancer\` may be left out.

\`\`\`json
${short}
\`\`\`

It is short for one [listener](#a-listener), one [route](#a-route) and one [upstream](#an-upstream), each named \`main\`, and it
goes together with every other key as long as no two of them say the same thing: \`load_balancer.port\` and \`listeners\`
together are a problem, \`load_balancer.port\` and \`timeouts\` are not.

## The full form

\`\`\`jsonc
${full}
\`\`\`

## How values are written

- The file is JSON in which comments (\`//\` and \`/* */\`) and trailing commas are allowed. Unknown keys are problems.
- **Durations** have a unit: \`"250ms"\`, \`"1.5s"\`, \`"5m"\`, \`"1h"\`; from \`1ms\` to \`24h\`.
- **Sizes** have a unit too: \`"512B"\`, \`"16KiB"\` (1024), \`"10MB"\` (1000 × 1000), \`"1GiB"\`.
- **\`"off"\`** turns off what can be turned off.
- **\`"$schema"\`** makes editors complete keys and show what they mean; the schema is part of the package.

## Environment variables

\`\${NAME}\` in any string is replaced by the environment variable, \`\${NAME:-default}\` by the default when the variable is not
set or empty. A value that is one such reference and nothing else may become a number or a boolean:
\`"port": "\${PORT:-8080}"\`. A variable that is not set and has no default is a problem. Write \`$\${\` for the characters \`\${\`.
`
}

function table(title: string, path: Path, remark = ''): string {
  const node = schemasAt(path)
    .flatMap(alternatives)
    .find(({ properties }) => properties !== undefined)
  if (node?.properties === undefined) throw new Error(`the schema has no object at ${formatPath(path)}`)
  const about = [path.length === 1 ? (fileJsonSchema().properties?.[String(path[0])]?.description ?? '') : '', remark]
  const rows = Object.entries(node.properties).map(([key, inner]) => {
    const isRequired = node.required?.includes(key) ?? false
    const cells = [
      path.length === 0 ? linkTo(key) : `\`${key}\``,
      kindOf(inner),
      defaultOf(inner, isRequired),
      inner.description ?? '',
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return [
    `## ${title}`,
    '',
    ...about.filter((text) => text !== '').flatMap((text) => [text, '']),
    '| key | kind | default | what it does |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function kindOf(node: JsonSchema): string {
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(kindOf))].join(' or ')
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``
  if (node.enum !== undefined) return node.enum.map((word) => `\`${JSON.stringify(word)}\``).join(', ')
  if (node.title !== undefined) return node.examples?.includes('off') ? `${node.title} or \`"off"\`` : node.title
  if (node.type === 'array') return node.items === undefined ? 'list' : `list: ${kindOf(node.items)}`
  if (typeof node.additionalProperties === 'object' && node.properties === undefined) return 'object by name'
  return (
    { integer: 'whole number', number: 'number', boolean: 'true or false', object: 'object' }[node.type ?? ''] ?? 'text'
  )
}

/** Objects without a default of their own have those of their keys. */
function defaultOf(node: JsonSchema, isRequired: boolean): string {
  if (isRequired) return '**required**'
  const isObject = alternatives(node).some(({ properties }) => properties !== undefined)
  const isEmpty = node.default === undefined || (isObject && JSON.stringify(node.default) === '{}')
  return isEmpty ? '' : `\`${JSON.stringify(node.default)}\``
}

/** A top-level key that has a section leads there. */
function linkTo(key: string): string {
  const sections: Record<string, string> = { listeners: 'a-listener', routes: 'a-route', upstreams: 'an-upstream' }
  const isSection = schemasAt([key])
    .flatMap(alternatives)
    .some(({ properties }) => properties !== undefined)
  const anchor = sections[key] ?? (isSection ? key : undefined)
  return anchor === undefined ? `\`${key}\`` : `[\`${key}\`](#${anchor})`
}

function strategies(): string {
  const all = Object.values(registry.strategies)
  const names = all.map(({ name, summary }) => `| [\`${name}\`](strategies.md#${name}) | ${summary} |`)
  const withOptions = all.filter(({ options = {} }) => Object.keys(options).length > 0)
  const about =
    'In `load_balancer.strategy` and in the `strategy` of an upstream: a name, or an object with `name` and options. [A file](strategies.md#a-strategy-of-your-own) in place of the name is a strategy of your own.'
  return [
    '## Strategies',
    '',
    about,
    '',
    '| name | how it chooses |',
    '|---|---|',
    ...names,
    '',
    ...withOptions.flatMap(({ name }) => optionTable(name)),
  ].join('\n')
}

function optionTable(name: string): string[] {
  const node = schemasAt(['upstreams', 'NAME', 'strategy'])
    .flatMap(alternatives)
    .find(({ properties }) => properties?.name?.const === name)
  const { name: _, ...options } = node?.properties ?? {}
  const rows = Object.entries(options).map(
    ([option, inner]) =>
      `| \`${option}\` | ${kindOf(inner)}${rangeText(inner)} | ${defaultOf(inner, false)} | ${inner.description} |`,
  )
  return [`### Options of \`${name}\``, '', '| key | kind | default | what it does |', '|---|---|---|---|', ...rows, '']
}

function rangeText(node: JsonSchema): string {
  const range = alternatives(node).find(({ minimum, maximum }) => minimum !== undefined && maximum !== undefined)
  return range === undefined ? '' : `, ${range.minimum} to ${range.maximum}`
}

/** The generated files that are missing or not what they would be now. */
export function staleFiles(): string[] {
  return Object.entries(generatedFiles())
    .filter(([file, text]) => currentText(file) !== text)
    .map(([file]) => file)
}

function currentText(file: string): string | null {
  try {
    return readFileSync(new URL(file, ROOT), 'utf8')
  } catch {
    return null
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = staleFiles()
    if (stale.length > 0) {
      console.error(`out of date: ${stale.join(', ')}; run "npm run generate"`)
      process.exitCode = 1
    }
  } else {
    for (const [file, text] of Object.entries(generatedFiles())) writeFileSync(new URL(file, ROOT), text)
  }
}
