/** Reads YAML through js-yaml, within limits. */
import { CORE_SCHEMA, FAILSAFE_SCHEMA, load, mapTag, nullCoreTag, YAMLException } from 'js-yaml'
import { MillwrightError } from './errors'

/** Deepest nesting read. */
const MAX_DEPTH = 64
/** Longest text read, in characters. */
const MAX_LENGTH = 16_777_216

/**
 * The value of a YAML document; plain scalars become null, boolean or number by the core schema of YAML 1.2.
 *
 * An empty text is null. Keys are strings; a key `__proto__` is dropped. Whole numbers beyond 2⁵³ lose digits (see {@link parseYamlStrings}).
 * Aliases are refused: a few short lines of them can stand for gigabytes.
 *
 * @param subject what is being read, for messages
 * @throws Corrupt naming the line: not YAML, several documents, unknown tags, aliases, duplicate keys, nesting beyond 64, more than 16 Mi characters
 */
export function parseYaml(text: string, subject: string): unknown {
  return parse(text, subject, CORE_SCHEMA)
}

/** As {@link parseYaml}, but every scalar stays the text it is; only a plain `null`, `~` or nothing is null. */
export function parseYamlStrings(text: string, subject: string): unknown {
  return parse(text, subject, FAILSAFE_SCHEMA.withTags(nullCoreTag))
}

function parse(text: string, subject: string, schema: typeof CORE_SCHEMA): unknown {
  if (text.length > MAX_LENGTH) {
    throw new MillwrightError('Corrupt', `${subject} must have at most ${MAX_LENGTH} characters, it has ${text.length}`)
  }
  if (holdsNothing(text)) return null
  try {
    return load(text, { schema: schema.withTags(safeMapTag()), maxDepth: MAX_DEPTH, maxAliases: 0 })
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    const line = (error.mark?.line ?? 0) + 1
    throw new MillwrightError('Corrupt', `${subject} is not valid YAML: line ${line}: ${error.reason}`, { details: { line }, cause: error })
  }
}

/** Whether a text has only white space, comments and `---`, which js-yaml refuses as a missing document. */
function holdsNothing(text: string): boolean {
  return text.split(/\r\n?|\n/).every((line) => /^\ufeff?(?:---)?[ \t]*(?:#.*)?$/.test(line))
}

/** Mappings as plain objects, without the key `__proto__`. */
function safeMapTag(): typeof mapTag {
  return { ...mapTag, addPair: (mapping, key, value) => (key === '__proto__' ? '' : mapTag.addPair(mapping, key, value)) }
}
