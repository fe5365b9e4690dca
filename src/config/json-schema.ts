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
  cached ??= z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-7' }) as JsonSchema
  return cached
}

/** What is allowed at a place in the config; several where a value may be of several kinds. Empty for unknown keys. */
export function schemasAt(path: Path): JsonSchema[] {
  let nodes = [fileJsonSchema()]
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => below(node, part))
  return nodes
}

/** The keys that an object at this place may have. */
export function keysAt(path: Path): string[] {
  return [
    ...new Set(
      schemasAt(path)
        .flatMap(alternatives)
        .flatMap((node) => Object.keys(node.properties ?? {})),
    ),
  ]
}

/** Every place that has a key of this name, as keys from the top; places in lists and by name are left out. */
export function placesOf(key: string, node = fileJsonSchema(), path: string[] = []): string[][] {
  return alternatives(node).flatMap((alternative) =>
    Object.entries(alternative.properties ?? {}).flatMap(([name, inner]) => [
      ...(name === key ? [path] : []),
      ...placesOf(key, inner, [...path, name]),
    ]),
  )
}

export function alternatives(node: JsonSchema): JsonSchema[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(alternatives)
}

function below(node: JsonSchema, part: string | number): JsonSchema[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items]
  if (node.properties !== undefined && Object.hasOwn(node.properties, part)) return [node.properties[part]!]
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []
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
