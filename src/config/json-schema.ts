// The JSON Schema of the config file: the map by which messages and docs know what is allowed where, and, with
// references to environment variables let in, the file that editors complete by.
import { z } from 'zod'
import type { Path } from './problem.ts'
import { fileSchema } from './schema.ts'

/** As much of JSON Schema (draft 7) as the config's schema uses. */
export interface JsonSchema {
  $schema?: string
  title?: string
  description?: string
  type?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  examples?: unknown[]
  pattern?: string
  minimum?: number
  maximum?: number
  minItems?: number
  items?: JsonSchema
  properties?: Record<string, JsonSchema>
  required?: string[]
  propertyNames?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  anyOf?: JsonSchema[]
  $ref?: string
  definitions?: Record<string, JsonSchema>
}

let cached: JsonSchema | undefined

/** The schema of a file in which references to environment variables are already replaced. */
export function fileJsonSchema(): JsonSchema {
  cached ??= z.toJSONSchema(fileSchema, {
    io: 'input',
    target: 'draft-7',
    // One of several by a word in them is, to whoever reads this, one of several.
    override: ({ jsonSchema }) => {
      if (jsonSchema.oneOf === undefined) return
      jsonSchema.anyOf = jsonSchema.oneOf
      delete jsonSchema.oneOf
    },
  }) as JsonSchema
  return cached
}

/**
 * What is allowed at a place in the config; several where a value may be of several kinds. Empty for unknown keys. With the
 * `root` of a config, only the kinds that it may mean: an object with the name of a strategy has no options of another.
 */
export function schemasAt(path: Path, root?: unknown): JsonSchema[] {
  let nodes = [fileJsonSchema()]
  let value = root
  for (const part of path) {
    nodes = meant(nodes.flatMap(alternatives), value, part).flatMap((node) => below(node, part))
    value = isObject(value) ? value[part] : undefined
  }
  return nodes
}

/** Those of the alternatives whose fixed words are those of the value; all when none is. `part` itself is in question. */
function meant(nodes: readonly JsonSchema[], value: unknown, part?: string | number): readonly JsonSchema[] {
  if (!isObject(value)) return nodes
  const fitting = nodes.filter(({ properties = {} }) =>
    Object.entries(properties).every(
      ([key, inner]) => key === part || inner.const === undefined || inner.const === value[key],
    ),
  )
  return fitting.length > 0 ? fitting : nodes
}

function isObject(value: unknown): value is Record<string | number, unknown> {
  return typeof value === 'object' && value !== null
}

/** The keys that an object at this place may have; those that go with what the object says, when it is given. */
export function keysAt(path: Path, root?: unknown, object?: unknown): string[] {
  return [
    ...new Set(
      meant(schemasAt(path, root).flatMap(alternatives), object).flatMap((node) => Object.keys(node.properties ?? {})),
    ),
  ]
}

/** What stands for a name that people choose in the places that `placesOf` finds. */
const ANY_NAME = 'NAME'

/** Every place that has a key of this name, as keys from the top. Only if there is none: places by name, and those in lists. */
export function placesOf(key: string): Path[] {
  const plain = placesBelow(key, fileJsonSchema(), [], false)
  return plain.length > 0 ? plain : placesBelow(key, fileJsonSchema(), [], true)
}

function placesBelow(key: string, node: JsonSchema, path: Path, everywhere: boolean): Path[] {
  return alternatives(node).flatMap(({ properties = {}, additionalProperties, items }) => [
    ...Object.entries(properties).flatMap(([name, inner]) => [
      ...(name === key ? [path] : []),
      ...placesBelow(key, inner, [...path, name], everywhere),
    ]),
    ...(everywhere && typeof additionalProperties === 'object'
      ? placesBelow(key, additionalProperties, [...path, ANY_NAME], true)
      : []),
    ...(everywhere && items !== undefined ? placesBelow(key, items, [...path, 0], true) : []),
  ])
}

export function alternatives(node: JsonSchema): JsonSchema[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(alternatives)
}

function below(node: JsonSchema, part: string | number): JsonSchema[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items]
  if (node.properties !== undefined && Object.hasOwn(node.properties, part)) return [node.properties[part]!]
  // What may be anything says nothing.
  const { additionalProperties } = node
  return typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0
    ? [additionalProperties]
    : []
}

const REFERENCE = '\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}'
const REFERENCE_NODE: JsonSchema = { $ref: '#/definitions/reference' }

/** The schema for editors: wherever a number, a boolean or text of a certain form stands, `${NAME}` may stand too. */
export function publishedJsonSchema(): JsonSchema {
  const { $schema, ...schema } = withReferences(fileJsonSchema())
  return {
    ...($schema === undefined ? {} : { $schema }),
    title: 'octoload configuration',
    description: 'The config file of octoload, an HTTP load balancer.',
    ...schema,
    definitions: {
      reference: { description: 'The value of an environment variable.', type: 'string', pattern: `^${REFERENCE}$` },
    },
  }
}

function withReferences(node: JsonSchema): JsonSchema {
  if (node.anyOf !== undefined) {
    const kinds = node.anyOf.map(withReferencesInside)
    return { ...node, anyOf: kinds.some(isScalar) ? [...kinds, REFERENCE_NODE] : kinds }
  }
  const copy = withReferencesInside(node)
  if (!isScalar(copy)) return copy
  // What is said about the value stays outside, what it must be goes inside: that is where editors look for it.
  const { type, const: only, enum: words, minimum, maximum, ...about } = copy
  const rest = Object.entries({ type, const: only, enum: words, minimum, maximum }).filter(
    ([, value]) => value !== undefined,
  )
  return { ...about, anyOf: [Object.fromEntries(rest), REFERENCE_NODE] }
}

function withReferencesInside(node: JsonSchema): JsonSchema {
  const copy: JsonSchema = { ...node }
  if (node.items !== undefined) copy.items = withReferences(node.items)
  if (typeof node.additionalProperties === 'object')
    copy.additionalProperties = withReferences(node.additionalProperties)
  if (node.properties !== undefined) {
    const properties = Object.entries(node.properties).map(([key, inner]) => [key, withReferences(inner)])
    copy.properties = Object.fromEntries(properties)
  }
  if (node.pattern !== undefined) copy.pattern = `(${node.pattern})|${REFERENCE}`
  return copy
}

function isScalar({ type, enum: words, const: only }: JsonSchema): boolean {
  return type === 'integer' || type === 'number' || type === 'boolean' || words !== undefined || only !== undefined
}
