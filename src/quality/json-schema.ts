/** JSON Schemas, judged by the optional peer `@cfworker/json-schema`. */
import { MillwrightError, show } from '../core/errors'
import { loadPeer } from '../core/peer'
import type { JsonSchemaValidator } from './evaluator'

/** What we use of the package. */
interface Library {
  readonly Validator: new (schema: never, draft?: never) => { validate(value: unknown): { readonly valid: boolean } }
}

/**
 * Loads the validator that `expect_column_values_to_match_json_schema` needs. `validateBatches` and checkpoints load it themselves;
 * `validate`, which is synchronous, takes it as an option.
 *
 * Drafts 4, 6, 7, 2019-09 and 2020-12, by the schema's `$schema`; 2020-12 without one. `format` is not checked, as in Python's `jsonschema`.
 *
 * @example validate(events, suite, { jsonSchema: await loadJsonSchema() })
 * @throws MissingDependency without the package `@cfworker/json-schema`
 */
export async function loadJsonSchema(): Promise<JsonSchemaValidator> {
  const { Validator } = await loadPeer<Library>('@cfworker/json-schema', { needed: 'expect_column_values_to_match_json_schema' })
  return (schema) => {
    const validator = new Validator(withoutFormats(schema) as never, draftOf(schema) as never)
    return (value) => validator.validate(value).valid
  }
}

const drafts: readonly (readonly [part: string, draft: string])[] = [
  ['draft-04', '4'],
  ['draft-06', '7'],
  ['draft-07', '7'],
  ['2019-09', '2019-09'],
  ['2020-12', '2020-12'],
]

function draftOf(schema: unknown): string {
  const named = (schema as { readonly $schema?: unknown } | null)?.$schema
  if (typeof named !== 'string') return '2020-12'
  const found = drafts.find(([part]) => named.includes(part))
  if (found === undefined) throw new MillwrightError('Unsupported', `JSON Schemas of ${show(named)} are not supported`)
  return found[1]
}

/** Keywords whose value is data, not a schema. */
const dataKeywords: readonly string[] = ['const', 'enum', 'default', 'examples']

/** The schema without its `format` keywords. A property called "format" has a schema as its value, not text, so it stays. */
function withoutFormats(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutFormats)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => key !== 'format' || typeof value !== 'string')
      .map(([key, value]) => [key, dataKeywords.includes(key) ? value : withoutFormats(value)]),
  )
}
