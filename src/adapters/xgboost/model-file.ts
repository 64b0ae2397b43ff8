/** XGBoost's model files, JSON and UBJSON, of version 1.7 and later: what is in them, checked. */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../../core/bytes'
import { damaged } from '../../core/damage'
import { MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { readStored, storedFormat } from '../../core/stored'
import { readUbjson } from './read-ubjson'

/** Numbers of a file: an array, or a typed array of UBJSON. A `null` is what was `NaN` in the text. */
export type FileNumbers = ArrayLike<number | null>

/** One tree of a file. */
export interface FileTree {
  readonly left_children: FileNumbers
  readonly right_children: FileNumbers
  readonly split_indices: FileNumbers
  readonly split_conditions: FileNumbers
  readonly default_left: FileNumbers
  readonly loss_changes: FileNumbers
  readonly split_type?: FileNumbers | undefined
  readonly categories?: FileNumbers | undefined
  readonly categories_nodes?: FileNumbers | undefined
  readonly categories_segments?: FileNumbers | undefined
  readonly categories_sizes?: FileNumbers | undefined
  readonly tree_param: { readonly size_leaf_vector?: string | undefined }
}

/** The trees of a file. */
export interface FileTrees {
  readonly gbtree_model_param: { readonly num_parallel_tree?: string | undefined }
  readonly trees: readonly FileTree[]
  readonly tree_info: FileNumbers
  readonly cats?: { readonly enc: readonly FileCategories[] } | undefined
}

/** The categories of one feature: texts one behind the other in UTF-8, cut at the offsets, or numbers. */
export interface FileCategories {
  readonly offsets?: FileNumbers | undefined
  readonly values?: FileNumbers | undefined
}

/** A file. */
export interface ModelFile {
  readonly learner: {
    readonly attributes?: Readonly<Record<string, string>> | undefined
    readonly feature_names?: readonly string[] | undefined
    readonly feature_types?: readonly string[] | undefined
    readonly gradient_booster: {
      readonly name?: string | undefined
      readonly model?: FileTrees | undefined
      readonly gbtree?: { readonly model: FileTrees } | undefined
      readonly weight_drop?: FileNumbers | undefined
    }
    readonly learner_model_param: {
      readonly base_score: string
      readonly num_class: string
      readonly num_feature: string
      readonly num_target?: string | undefined
    }
    readonly objective: { readonly name: string }
  }
  readonly version: FileNumbers
}

const modelFileFormat = /* @__PURE__ */ storedFormat((): z.ZodMiniType<ModelFile> => {
  const numbers = z.custom<FileNumbers>(isNumbers, 'numbers')
  const some = z.optional(numbers)
  const text = z.optional(z.string())
  const tree = z.looseObject({
    left_children: numbers,
    right_children: numbers,
    split_indices: numbers,
    split_conditions: numbers,
    default_left: numbers,
    loss_changes: numbers,
    split_type: some,
    categories: some,
    categories_nodes: some,
    categories_segments: some,
    categories_sizes: some,
    tree_param: z.looseObject({ size_leaf_vector: text }),
  })
  const trees = z.looseObject({
    gbtree_model_param: z.looseObject({ num_parallel_tree: text }),
    trees: z.array(tree),
    tree_info: numbers,
    cats: z.optional(z.looseObject({ enc: z.array(z.looseObject({ offsets: some, values: some })) })),
  })
  const learner = z.looseObject({
    attributes: z.optional(z.record(z.string(), z.string())),
    feature_names: z.optional(z.array(z.string())),
    feature_types: z.optional(z.array(z.string())),
    gradient_booster: z.looseObject({
      name: text,
      model: z.optional(trees),
      gbtree: z.optional(z.looseObject({ model: trees })),
      weight_drop: some,
    }),
    learner_model_param: z.looseObject({ base_score: z.string(), num_class: z.string(), num_feature: z.string(), num_target: text }),
    objective: z.looseObject({ name: z.string() }),
  })
  return z.looseObject({ learner, version: numbers })
})

/**
 * Reads a file: text is JSON; bytes are JSON or UBJSON, as they begin.
 *
 * @throws Corrupt naming the place that is wrong; Unsupported for a booster that is no trees
 */
export function readModelFile(file: string | Uint8Array, subject: string): ModelFile {
  const bytes = typeof file === 'string' ? utf8(file) : file
  const document = isJson(bytes) ? parseNumbersJson(typeof file === 'string' ? file : fromUtf8(bytes), subject) : readUbjson(bytes, subject)
  const booster = (document as { learner?: { gradient_booster?: { name?: unknown } } } | null)?.learner?.gradient_booster?.name
  if (booster === 'gblinear') {
    throw new MillwrightError('Unsupported', `${subject} holds a linear model (booster gblinear); trees are read (gbtree, dart)`)
  }
  return readStored(modelFileFormat, document, subject)
}

/** A JSON object has a quote, or nothing, in it; a UBJSON one a length. */
function isJson(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x7b) return true
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte === 0x22 || byte === 0x7d
  }
  return true
}

/** XGBoost writes `NaN` and `Infinity` as such, which JSON has not; they become `null`. */
function parseNumbersJson(text: string, subject: string): unknown {
  if (!/NaN|Infinity/.test(text)) return parseJson(text, subject)
  return parseJson(
    text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (found) => (found.startsWith('"') ? found : 'null')),
    subject,
  )
}

function isNumbers(value: unknown): boolean {
  if (ArrayBuffer.isView(value)) return !(value instanceof DataView)
  return Array.isArray(value) && value.every((item) => typeof item === 'number' || item === null)
}

/** A count that a file holds as text. @throws Corrupt */
export function countOf(text: string, path: readonly string[], subject: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && count < 2 ** 31) return count
  throw damaged(subject, path, 'a count', text)
}

/** The base scores of a file: one number as text, or since XGBoost 3.1 a list. @throws Corrupt */
export function baseScoresOf(text: string, subject: string): readonly number[] {
  const listed = /^\[(.*)\]$/.exec(text.trim())
  const scores = (listed === null ? [text] : (listed[1] as string).split(',')).map((each) => Number(each))
  if (scores.length > 0 && scores.every(Number.isFinite) && text.trim() !== '') return scores
  throw new MillwrightError(
    'Corrupt',
    `${subject} is damaged: \`learner.learner_model_param.base_score\` must be numbers, got ${show(text)}`,
  )
}
