/** Fitted models as files of flavor `millwright`: `model.json`, and `learner.bin` where the learner needs one. */
import { fromUtf8, utf8 } from '../core/bytes'
import { MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { parseJson } from '../core/json'
import type { ModelPackage } from '../ports/model'
import { importanceOf, type ModelParts, signatureOf } from './model-parts'

/** The version of `model.json` that is written; a reader refuses later ones. */
export const MODEL_FORMAT_VERSION = 1

/** What `model.json` holds. */
export interface ModelDocument {
  readonly format: 'millwright-model'
  readonly formatVersion: number
  readonly task: 'classification' | 'regression'
  readonly target: string
  readonly targetType: string
  readonly classes: readonly unknown[]
  readonly features: readonly Readonly<Record<string, unknown>>[]
  readonly options: Readonly<Record<string, string | number | boolean>>
  readonly transformers: readonly { readonly kind: string }[]
  readonly matrixNames: readonly string[]
  readonly learner: { readonly kind: string; readonly [key: string]: unknown }
  /** What `learner.bin` must be. */
  readonly binary?: { readonly bytes: number; readonly sha256: string }
}

/** Packs a fitted model. */
export function packModel(parts: ModelParts): ModelPackage {
  const { kind, json, bytes } = parts.learner.state()
  const document: ModelDocument = {
    format: 'millwright-model',
    formatVersion: MODEL_FORMAT_VERSION,
    task: parts.task,
    target: parts.target,
    targetType: parts.targetType,
    classes: parts.classes,
    features: parts.features as unknown as ModelDocument['features'],
    options: parts.options,
    transformers: parts.transformers.map((step) => step.state()),
    matrixNames: parts.matrixNames,
    learner: { ...json, kind },
    ...(bytes === undefined ? {} : { binary: { bytes: bytes.length, sha256: sha256Hex(bytes) } }),
  }
  return {
    flavor: 'millwright',
    signature: signatureOf(parts),
    files: { 'model.json': utf8(`${JSON.stringify(document)}\n`), ...(bytes === undefined ? {} : { 'learner.bin': bytes }) },
    task: parts.task,
    ...(parts.task === 'classification' ? { classes: parts.classes } : {}),
    target: parts.target,
    metadata: {
      options: parts.options,
      ...(parts.learner.importance === undefined ? {} : { featureImportance: topImportance(parts) }),
      ...(parts.learner.outOfBagScore === undefined ? {} : { outOfBagScore: parts.learner.outOfBagScore }),
      ...(parts.learner.converged === undefined ? {} : { converged: parts.learner.converged }),
    },
  }
}

/**
 * Reads the files of a package and checks what can be checked before anything is built.
 *
 * @throws Unsupported for another flavor or a later format; Corrupt for files that are missing, cut short or changed
 */
export function readModelFiles(model: ModelPackage): { readonly document: ModelDocument; readonly bytes: Uint8Array | undefined } {
  if (model.flavor !== 'millwright') {
    throw new MillwrightError('Unsupported', `models of flavor 'millwright' can be restored, this one is ${show(model.flavor)}`)
  }
  const file = (name: string): Uint8Array => {
    const bytes = Object.hasOwn(model.files, name) ? model.files[name] : undefined
    if (bytes === undefined) throw corruptModel(`the file ${name} is missing`)
    return bytes
  }
  const document = parseJson(fromUtf8(file('model.json')), 'model.json of a millwright model') as ModelDocument
  checkDocument(document)
  if (document.binary === undefined) return { document, bytes: undefined }
  const bytes = file('learner.bin')
  if (bytes.length !== document.binary.bytes) throw corruptModel(`learner.bin has ${bytes.length} bytes, not ${document.binary.bytes}`)
  if (sha256Hex(bytes) !== document.binary.sha256) throw corruptModel('learner.bin is not what was written')
  return { document, bytes }
}

/** The error for files that are not the model they should be. */
export function corruptModel(what: string): MillwrightError {
  return new MillwrightError('Corrupt', `the packed model is damaged: ${what}`)
}

function checkDocument(document: ModelDocument): void {
  if (typeof document !== 'object' || document === null || document.format !== 'millwright-model') {
    throw corruptModel('model.json is of another format')
  }
  if (!Number.isInteger(document.formatVersion) || document.formatVersion < 1) throw corruptModel('model.json has no version')
  if (document.formatVersion > MODEL_FORMAT_VERSION) {
    throw new MillwrightError(
      'Unsupported',
      `model.json has format version ${document.formatVersion}, this library reads up to ${MODEL_FORMAT_VERSION}`,
    )
  }
  const { task, target, classes, features, transformers, matrixNames, learner, options } = document
  if (task !== 'classification' && task !== 'regression') throw corruptModel(`the task is ${show(task)}`)
  if (typeof target !== 'string') throw corruptModel('there is no target')
  for (const [name, list] of Object.entries({ classes, features, transformers, matrixNames })) {
    if (!Array.isArray(list)) throw corruptModel(`\`${name}\` is no list`)
  }
  if (classes.some((label) => !['string', 'number', 'boolean'].includes(typeof label))) throw corruptModel('a class is no label')
  if (task === 'classification' && classes.length === 0) throw corruptModel('a classifier without classes')
  if (matrixNames.some((name) => typeof name !== 'string')) throw corruptModel('a column of the learner has no name')
  for (const step of [...features, ...transformers, learner, options] as unknown[]) {
    if (typeof step !== 'object' || step === null) throw corruptModel('a part is no object')
  }
}

function topImportance(parts: ModelParts): Record<string, number> {
  const shares: Record<string, number> = {}
  for (const { feature, importance } of (importanceOf(parts) ?? []).slice(0, 100)) {
    Object.defineProperty(shares, feature, { value: importance, enumerable: true })
  }
  return shares
}
