/** The manifest beside a stored model: what it is, the digest of every file, and where it comes from. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import { damaged } from '../core/damage'
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { assertSafeKey, isSafeKey } from '../core/ids'
import { parseStored, storedDigest, storedFormat, storedNumber } from '../core/stored'
import type { ModelPackage, ModelTask } from '../ports/model'
import { assertSignature, type ModelSignature } from '../schema/signature'
import { storedSignature } from '../schema/stored-signature'
import { clashOf } from './file-names'
import { finiteJson } from './finite-json'

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

/** Characters of a file's path: the longest folder of a stored model and this make a storage key. */
const MAX_PATH = 600
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
    if (path.length > MAX_PATH)
      throw invalidArgument(`a file name in a model package must have at most ${MAX_PATH} characters, got ${path.length}`)
    if (!(bytes instanceof Uint8Array)) throw invalidArgument(`the file ${show(path)} of a model package must be bytes, got ${show(bytes)}`)
  }
}

/**
 * Checks that a package's files can lie beside those that the registry writes: on every system, none in the place of another.
 *
 * @param written the names of files that the registry writes beside them
 * @throws InvalidArgument
 */
export function assertFilesBeside(model: ModelPackage, written: readonly string[]): void {
  const paths = Object.keys(model.files)
  const own = written.find((path) => Object.hasOwn(model.files, path))
  if (own !== undefined) throw invalidArgument(`a model package cannot hold a file ${own} here: the registry writes it`)
  const clash = clashOf([...written, ...paths])
  if (clash !== undefined)
    throw invalidArgument(`a model package cannot be stored on every system: with the registry's own files it ${clash}`)
}

/** The manifest of a package. @throws InvalidArgument for a signature or classes without end */
export function buildManifest(model: ModelPackage, extras: ManifestExtras): ModelManifest {
  const { flavor, task, classes, target, metadata, signature } = model
  const files = Object.keys(model.files)
    .sort()
    .map((path) => {
      const bytes = model.files[path] as Uint8Array
      return { path, sizeBytes: bytes.length, sha256: sha256Hex(bytes) }
    })
  const fingerprint = fingerprintOf({ flavor, task, classes, target, signature, files })
  return { formatVersion: 1, flavor, task, classes, target, metadata, signature, files, fingerprint, ...extras }
}

/** The manifest as bytes: canonical JSON. @throws InvalidArgument for metadata without end */
export function manifestBytes(manifest: ModelManifest): Uint8Array {
  return utf8(finiteJson(manifest, 'the metadata of a model package'))
}

/** What a stored manifest must hold; metrics are numbers, or the text that canonical JSON has for `NaN` and the infinities. */
const manifestFormat = /* @__PURE__ */ storedFormat(
  () =>
    z.looseObject({
      formatVersion: z.literal(1),
      flavor: z.string(),
      task: z.optional(z.enum(tasks)),
      classes: z.optional(z.array(z.union([z.string(), z.number(), z.boolean()]))),
      target: z.optional(z.string()),
      metadata: z.optional(z.record(z.string(), z.unknown())),
      signature: storedSignature(),
      files: z.array(
        z.looseObject({
          path: z.string().check(z.refine(isSafeKey, 'a relative path that is safe on every system')),
          sizeBytes: z.int().check(z.gte(0)),
          sha256: storedDigest(),
        }),
      ),
      fingerprint: z.string(),
      metrics: z.optional(z.record(z.string(), storedNumber())),
      lineage: z.optional(storedLineage()),
      tags: z.optional(z.record(z.string(), z.string())),
    }),
  { field: 'formatVersion', reads: 1 },
)

function storedLineage(): z.ZodMiniType<Lineage> {
  return z.looseObject({
    dataset: z.optional(z.looseObject({ name: z.optional(z.string()), fingerprint: z.string() })),
    runId: z.optional(z.string()),
    experimentId: z.optional(z.string()),
    origin: z.optional(z.looseObject({ name: z.string(), version: z.string(), createdAt: z.number() })),
  })
}

/**
 * Reads a manifest.
 *
 * @throws Corrupt naming what is damaged, also where the fingerprint is not that of the rest; Unsupported when a later release wrote it
 */
export function parseManifest(bytes: Uint8Array, subject: string): ModelManifest {
  const stored = parseStored(manifestFormat, bytes, subject)
  const { flavor, task = 'other', classes, target, signature, files, fingerprint, lineage = {}, tags = {} } = stored
  // Also what a schema cannot tell, such as the name of another class.
  if (fingerprint !== fingerprintOf({ flavor, task: stored.task, classes, target, signature, files })) {
    throw damaged(subject, ['fingerprint'], 'the digest of flavor, task, classes, target, signature and files', fingerprint)
  }
  // JSON has no NaN: canonical JSON spells it as text.
  const metrics = Object.fromEntries(Object.entries(stored.metrics ?? {}).map(([name, metric]) => [name, Number(metric)]))
  return { ...stored, task, metrics, lineage, tags }
}

/** Of flavor, task, classes, target, signature and files. */
function fingerprintOf(facts: Readonly<Record<string, unknown>>): string {
  return sha256Hex(finiteJson(facts, 'a model package'))
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
