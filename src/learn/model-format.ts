/** Fitted models as files of flavor `millwright`: `model.json`, and `learner.bin` where the learner needs one. */
import { utf8 } from '../core/bytes'
import { MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { parseStored } from '../core/stored'
import type { ModelPackage } from '../ports/model'
import { importanceOf, type ModelParts, signatureOf } from './model-parts'
import { MODEL_FORMAT_VERSION, type ModelDocument, modelFormat } from './stored-parts'

/** Packs a fitted model. */
export function packModel(parts: ModelParts): ModelPackage {
  const { kind, json, bytes } = parts.learner.state()
  const document = {
    format: 'millwright-model',
    formatVersion: MODEL_FORMAT_VERSION,
    task: parts.task,
    target: parts.target,
    targetType: parts.targetType,
    classes: parts.classes,
    features: parts.features,
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
 * Reads the files of a package and checks them.
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
  const document = parseStored(modelFormat, file('model.json'), 'model.json of a millwright model')
  if (document.task === 'classification' && document.classes.length === 0) throw corruptModel('a classifier without classes')
  if (document.binary === undefined) return { document, bytes: undefined }
  const bytes = file('learner.bin')
  if (bytes.length !== document.binary.bytes) throw corruptModel(`learner.bin has ${bytes.length} bytes, not ${document.binary.bytes}`)
  if (sha256Hex(bytes) !== document.binary.sha256) throw corruptModel('learner.bin is not what was written')
  return { document, bytes }
}

/** The error for damaged files. */
export function corruptModel(what: string): MillwrightError {
  return new MillwrightError('Corrupt', `the packed model is damaged: ${what}`)
}

function topImportance(parts: ModelParts): Record<string, number> {
  const shares: Record<string, number> = {}
  for (const { feature, importance } of (importanceOf(parts) ?? []).slice(0, 100)) {
    Object.defineProperty(shares, feature, { value: importance, enumerable: true })
  }
  return shares
}
