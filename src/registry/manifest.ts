/** The manifest of a stored model: its description, the digests of its files, and its lineage. */
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

/** The file name of the manifest among the artifacts of a model. */
export const MANIFEST_FILE = 'millwright.json'
/** MLflow's description of a model. */
export const MLMODEL_FILE = 'MLmodel'

/** The origin of a version: its data, run and registry. */
export interface Lineage {
  /** The training data. */
  readonly dataset?: { readonly name?: string | undefined; readonly fingerprint: string } | undefined
  readonly runId?: string | undefined
  readonly experimentId?: string | undefined
  /** The version it was copied or imported from, if any. */
  readonly origin?: { readonly name: string; readonly version: string; readonly createdAt: number } | undefined
}

/** One file of the package. */
export interface ManifestFile {
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hexadecimal. */
  readonly sha256: string
}

/** The facts about a stored model that can be read without its files. */
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
  /** SHA-256 of the canonical JSON of all members above, except `formatVersion` and `metadata`. */
  readonly fingerprint: string
  readonly metrics: Readonly<Record<string, number>>
  readonly lineage: Lineage
  /** The tags the version was registered with. */
  readonly tags: Readonly<Record<string, string>>
}

/** The members of a manifest that are not those of the package. */
export type ManifestExtras = Pick<ModelManifest, 'metrics' | 'lineage' | 'tags'>

/** Most characters in the path of a file. With the longest folder of a stored model it must fit in a storage key. */
const MAX_PATH = 600
const tasks: readonly ModelTask[] = ['classification', 'regression', 'other']

/** Checks a package. @throws InvalidArgument naming the first wrong member */
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
 * Checks that the files of a package can be stored with those that the registry writes, on every system.
 *
 * @param written the names of the files that the registry writes
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

/** The manifest of a package. @throws InvalidArgument for a signature or classes that are cyclic or nested too deeply */
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

/** The manifest as bytes: canonical JSON. @throws InvalidArgument for metadata that are cyclic or nested too deeply */
export function manifestBytes(manifest: ModelManifest): Uint8Array {
  return utf8(finiteJson(manifest, 'the metadata of a model package'))
}

/** The format of a stored manifest. Metrics are numbers, or the texts that canonical JSON writes for `NaN` and the infinities. */
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
 * @throws Corrupt naming the damaged member, also for a wrong fingerprint; Unsupported for a manifest of a later release
 */
export function parseManifest(bytes: Uint8Array, subject: string): ModelManifest {
  const stored = parseStored(manifestFormat, bytes, subject)
  const { flavor, task = 'other', classes, target, signature, files, fingerprint, lineage = {}, tags = {} } = stored
  // Finds changes that the format allows, such as another name of a class.
  if (fingerprint !== fingerprintOf({ flavor, task: stored.task, classes, target, signature, files })) {
    throw damaged(subject, ['fingerprint'], 'the digest of flavor, task, classes, target, signature and files', fingerprint)
  }
  // JSON has no NaN: canonical JSON writes it as text.
  const metrics = Object.fromEntries(Object.entries(stored.metrics ?? {}).map(([name, metric]) => [name, Number(metric)]))
  return { ...stored, task, metrics, lineage, tags }
}

/** The fingerprint of flavor, task, classes, target, signature and files. */
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

/** The package of a manifest and its files. */
export function toPackage(manifest: ModelManifest, files: Readonly<Record<string, Uint8Array>>): ModelPackage {
  const { flavor, task, classes, target, metadata, signature } = manifest
  return { flavor, task, classes, target, metadata, signature, files }
}

/** The manifest of a version without any description of its model. */
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
