/** The manifest beside a stored model: what it is, the digest of every file, and where it comes from. */
import { fromUtf8, utf8 } from '../core/bytes'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { assertSafeKey } from '../core/ids'
import { canonicalJson, parseJson } from '../core/json'
import type { ModelPackage, ModelTask } from '../ports/model'
import { assertSignature, type ModelSignature } from '../schema/signature'

/** The manifest's file name among a model's artifacts. */
export const MANIFEST_FILE = 'millwright.json'
/** MLflow's description of a model. */
export const MLMODEL_FILE = 'MLmodel'

/** Where a version comes from. */
export interface Lineage {
  /** The data it was trained on. */
  readonly dataset?: { readonly name?: string | undefined; readonly fingerprint: string } | undefined
  readonly runId?: string | undefined
  readonly experimentId?: string | undefined
  /** Where it was registered first, if it was copied or imported from another registry. */
  readonly origin?: { readonly name: string; readonly version: string; readonly createdAt: number } | undefined
}

/** One file of the package. */
export interface ManifestFile {
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

/** What is known about a stored model without opening its files. */
export interface ModelManifest {
  readonly formatVersion: 1
  readonly flavor: string
  readonly task: ModelTask
  readonly classes?: readonly (string | number | boolean)[] | undefined
  readonly target?: string | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly signature: ModelSignature
  /** Ascending by path. Empty where another tool stored the model. */
  readonly files: readonly ManifestFile[]
  /** SHA-256 of the canonical JSON of all of the above but metadata. */
  readonly fingerprint: string
  readonly metrics: Readonly<Record<string, number>>
  readonly lineage: Lineage
  /** The tags the version was registered with. */
  readonly tags: Readonly<Record<string, string>>
}

/** What a manifest says beside the package. */
export type ManifestExtras = Pick<ModelManifest, 'metrics' | 'lineage' | 'tags'>

const tasks: readonly ModelTask[] = ['classification', 'regression', 'other']

/** Checks a package made by anyone. @throws InvalidArgument naming the first thing wrong */
export function assertPackage(model: ModelPackage): void {
  if (typeof model?.flavor !== 'string' || !/^[\w.-]{1,100}$/.test(model.flavor)) {
    throw invalidArgument(`a model package needs a flavor of letters, digits, _ . -, got ${show(model?.flavor)}`)
  }
  if (!tasks.includes(model.task))
    throw invalidArgument(`the task of a model package must be one of ${tasks.join(', ')}, got ${show(model.task)}`)
  assertSignature(model.signature)
  const files = Object.entries(model.files ?? {})
  if (files.length === 0) throw invalidArgument('a model package needs at least one file')
  for (const [path, bytes] of files) {
    assertSafeKey(path, 'a file name in a model package')
    if (path === MANIFEST_FILE) throw invalidArgument(`a model package cannot hold a file ${path}: the registry writes it`)
    if (!(bytes instanceof Uint8Array)) throw invalidArgument(`the file ${show(path)} of a model package must be bytes, got ${show(bytes)}`)
  }
}

/** The manifest of a package. */
export function buildManifest(model: ModelPackage, extras: ManifestExtras): ModelManifest {
  const { flavor, task, classes, target, metadata, signature } = model
  const files = Object.keys(model.files)
    .sort()
    .map((path) => {
      const bytes = model.files[path] as Uint8Array
      return { path, sizeBytes: bytes.length, sha256: sha256Hex(bytes) }
    })
  const fingerprint = sha256Hex(canonicalJson({ flavor, task, classes, target, signature, files }))
  return { formatVersion: 1, flavor, task, classes, target, metadata, signature, files, fingerprint, ...extras }
}

/** The manifest as bytes: canonical JSON. */
export function manifestBytes(manifest: ModelManifest): Uint8Array {
  return utf8(canonicalJson(manifest))
}

/** Reads a manifest. @throws Corrupt when it is none, Unsupported when it was written by a later release */
export function parseManifest(bytes: Uint8Array, subject: string): ModelManifest {
  const value = parseJson(fromUtf8(bytes), subject) as Partial<ModelManifest> | null
  if (value?.formatVersion !== undefined && Number(value.formatVersion) > 1) {
    throw new MillwrightError('Unsupported', `${subject} has format ${value.formatVersion}; this release reads format 1`)
  }
  const whole =
    value?.formatVersion === 1 &&
    typeof value.flavor === 'string' &&
    typeof value.fingerprint === 'string' &&
    Array.isArray(value.files) &&
    Array.isArray(value.signature?.inputs) &&
    Array.isArray(value.signature?.outputs)
  if (!whole) throw new MillwrightError('Corrupt', `${subject} is not a model manifest`)
  const manifest = value as ModelManifest
  // JSON has no NaN: canonical JSON spells it as text.
  const metrics = Object.fromEntries(Object.entries(manifest.metrics ?? {}).map(([name, metric]) => [name, Number(metric)]))
  return { ...manifest, task: manifest.task ?? 'other', metrics, lineage: manifest.lineage ?? {}, tags: manifest.tags ?? {} }
}

/** The bytes of one file, checked against its manifest. @throws Corrupt naming a file that is missing or differs */
export function verifyFile(file: ManifestFile, bytes: Uint8Array | undefined, subject: string): Uint8Array {
  if (bytes !== undefined && bytes.length === file.sizeBytes && sha256Hex(bytes) === file.sha256) return bytes
  const problem = bytes === undefined ? 'is missing' : 'is not what was registered: its digest differs'
  throw new MillwrightError('Corrupt', `the file ${show(file.path)} of ${subject} ${problem}`, {
    details: { path: file.path, expected: file.sha256, expectedBytes: file.sizeBytes, actualBytes: bytes?.length },
  })
}

/** The package that a manifest and its files make. */
export function toPackage(manifest: ModelManifest, files: Readonly<Record<string, Uint8Array>>): ModelPackage {
  const { flavor, task, classes, target, metadata, signature } = manifest
  return { flavor, task, classes, target, metadata, signature, files }
}

/** The manifest of a version about whose model nothing is known. */
export function unknownManifest(): ModelManifest {
  return {
    formatVersion: 1,
    flavor: 'unknown',
    task: 'other',
    signature: { inputs: [], outputs: [] },
    files: [],
    fingerprint: '',
    metrics: {},
    lineage: {},
    tags: {},
  }
}
