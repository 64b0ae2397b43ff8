/** Copies a version from one registry to another, directly or as an archive. Digest and lineage are kept. */
import * as z from 'zod/mini'
import { fromUtf8, utf8 } from '../core/bytes'
import { invalidArgument, isMillwrightError, MillwrightError, show } from '../core/errors'
import { canonicalJson, parseJson } from '../core/json'
import { anything, checkOptions, finiteNumber, nonEmptyString, wholeNumber } from '../core/options'
import { throwIfAborted } from '../core/signal'
import { parseStored, storedFormat } from '../core/stored'
import type { ModelPackage } from '../ports/model'
import type { Row } from '../schema/table'
import { buildManifest, type Lineage, MANIFEST_FILE, manifestBytes, parseManifest, toPackage, verifyFile } from './manifest'
import type { ModelVersion } from './model-version'
import type { Registration } from './registration'
import type { ModelRegistry } from './registry'

/** Options of {@link copyVersion}. */
export interface CopyVersionOptions {
  /** The name in the other registry. @default the same name */
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link importModel}. */
export interface ImportModelOptions {
  /** The name to register under. @default the name in the archive */
  readonly name?: string | undefined
  /** Most bytes that the archive may unpack to. @default 2 GiB */
  readonly maxBytes?: number | undefined
  /** @default 10000 */
  readonly maxFiles?: number | undefined
  /** Largest allowed ratio of the unpacked size to the size of the archive. @default 200 */
  readonly maxRatio?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A version that is copied. */
interface CopiedVersion {
  readonly name: string
  readonly version: string
  readonly createdAt: number
  readonly digest: string
  readonly package: ModelPackage
  readonly registration: Pick<Registration, 'metrics' | 'lineage' | 'description' | 'tags' | 'example'>
}

const FORMAT = 'millwright-model'
const FACTS_FILE = 'archive.json'
const EXAMPLE_FILE = 'input_example.json'
const FILES = 'files/'

/**
 * Registers a version in another registry, with the same files, digest, metrics, description, tags, example and lineage. `origin` of the lineage
 * names the first version. Aliases and history are not copied: promote the version in the other registry. Each call makes a new version.
 *
 * @example
 * const version = await copyVersion(dev, 'flights@champion', prod)
 * await prod.promote('flights', version, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] })
 * @throws NotFound; Corrupt when a file differs from its digest
 */
export async function copyVersion(
  from: ModelRegistry,
  reference: string,
  to: ModelRegistry,
  options: CopyVersionOptions = {},
): Promise<ModelVersion> {
  checkOptions('copyVersion', options, { name: nonEmptyString(), signal: anything() })
  assertRegistry('copyVersion', from)
  assertRegistry('copyVersion', to)
  return registerCopy(await collect(from, reference, options.signal), to, options)
}

/**
 * A ZIP archive of a version: `archive.json`, `millwright.json` with the digest of each file, the input example, and the files below `files/`.
 * Equal versions give equal archives.
 *
 * @throws NotFound; Corrupt when a file differs from its digest; Unsupported above 4 GB
 */
export async function exportModel(
  registry: ModelRegistry,
  reference: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  checkOptions('exportModel', options, { signal: anything() })
  assertRegistry('exportModel', registry)
  const { name, version, createdAt, package: model, registration } = await collect(registry, reference, options.signal)
  const { metrics = {}, lineage = {}, tags = {}, description = '', example } = registration
  const facts = { format: FORMAT, formatVersion: 1, name, version, createdAt, description }
  const manifest = buildManifest(model, { metrics, lineage, tags })
  const paths = Object.keys(model.files).sort()
  const { writeZip } = await import('./zip-writer')
  return writeZip({
    [FACTS_FILE]: utf8(canonicalJson(facts)),
    [MANIFEST_FILE]: manifestBytes(manifest),
    ...(example === undefined ? {} : { [EXAMPLE_FILE]: utf8(canonicalJson(example)) }),
    ...Object.fromEntries(paths.map((path) => [FILES + path, model.files[path] as Uint8Array])),
  })
}

/**
 * Registers the version of an archive of {@link exportModel}. The archive may have been unpacked and packed again with another tool (with entries
 * for folders, inside one folder, with the extra files of macOS). It may come from an untrusted source: unsafe paths, links, duplicate names and
 * archives above the limits are refused, and each file must have the digest of the manifest.
 *
 * @throws InvalidArgument for an archive that is refused, Corrupt for one that is damaged or of another kind
 */
export async function importModel(registry: ModelRegistry, bytes: Uint8Array, options: ImportModelOptions = {}): Promise<ModelVersion> {
  checkOptions('importModel', options, {
    name: nonEmptyString(),
    maxBytes: wholeNumber(1),
    maxFiles: wholeNumber(1),
    maxRatio: finiteNumber(1),
    signal: anything(),
  })
  assertRegistry('importModel', registry)
  if (!(bytes instanceof Uint8Array)) throw invalidArgument(`importModel needs the bytes of an archive, got ${show(bytes)}`)
  const { maxBytes = 2 ** 31, maxFiles = 10_000, maxRatio = 200, signal } = options
  const { readZip } = await import('./zip-reader')
  // Three files of the archive are not files of the model.
  const files = await readZip(bytes, { maxBytes, maxFiles: maxFiles + 3, maxRatio }, signal)
  return registerCopy(open(withoutTopFolder(files)), registry, options)
}

/** The format of `archive.json`. */
const factsFormat = /* @__PURE__ */ storedFormat(
  () =>
    z.looseObject({
      format: z.literal(FORMAT),
      formatVersion: z.literal(1),
      name: z.string(),
      version: z.optional(z.string()),
      createdAt: z.optional(z.number()),
      description: z.optional(z.string()),
    }),
  { field: 'formatVersion', reads: 1 },
)

/** Whether macOS added the file to the archive: attributes of files, and settings of folders. */
function isMacFile(path: string): boolean {
  return path.startsWith('__MACOSX/') || /(^|\/)\.DS_Store$/.test(path)
}

/** The files of an archive. Where all of them are in one folder, its name is removed from the paths. */
function withoutTopFolder(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (files.has(FACTS_FILE)) return files
  const own = [...files].filter(([path]) => !isMacFile(path))
  const top = own[0]?.[0].split('/')[0]
  const prefix = `${top}/`
  if (!files.has(prefix + FACTS_FILE) || !own.every(([path]) => path.startsWith(prefix))) return files
  return new Map(own.map(([path, bytes]) => [path.slice(prefix.length), bytes]))
}

function assertRegistry(operation: string, registry: unknown): void {
  if (typeof (registry as Partial<ModelRegistry> | undefined)?.openModel === 'function') return
  throw invalidArgument(`${operation} needs a ModelRegistry, got ${show(registry)}`)
}

/** The version of an archive. Its files are checked against the digests of the manifest. @throws Corrupt */
function open(files: ReadonlyMap<string, Uint8Array>): CopiedVersion {
  const fileOf = (path: string): Uint8Array => {
    const bytes = files.get(path)
    if (bytes === undefined) throw new MillwrightError('Corrupt', `the archive holds no model: it has no ${path}`)
    return bytes
  }
  const facts = parseStored(factsFormat, fileOf(FACTS_FILE), `${FACTS_FILE} of the archive`)
  const manifest = parseManifest(fileOf(MANIFEST_FILE), `${MANIFEST_FILE} of the archive`)
  const held = manifest.files.map((file): [string, Uint8Array] => [
    file.path,
    verifyFile(file, files.get(FILES + file.path), `the archive of ${show(facts.name)}`),
  ])
  const known = new Set([FACTS_FILE, MANIFEST_FILE, EXAMPLE_FILE, ...held.map(([path]) => FILES + path)])
  const extra = [...files.keys()].find((path) => !known.has(path) && !isMacFile(path))
  if (extra !== undefined) throw new MillwrightError('Corrupt', `the archive holds ${show(extra)}, which is not in its manifest`)
  const { metrics, lineage, tags, fingerprint } = manifest
  const { description = '', version = '', createdAt = 0 } = facts
  const example = files.has(EXAMPLE_FILE) ? rowsOf(parseJson(fromUtf8(fileOf(EXAMPLE_FILE)), `${EXAMPLE_FILE} of the archive`)) : undefined
  return {
    name: facts.name,
    version,
    createdAt,
    digest: fingerprint,
    package: toPackage(manifest, Object.fromEntries(held)),
    registration: { metrics, lineage, tags, description, example },
  }
}

async function collect(registry: ModelRegistry, reference: string, signal: AbortSignal | undefined): Promise<CopiedVersion> {
  const { name, version, createdAt, digest, metrics, lineage, description, tags } = await registry.resolve(reference)
  const exact = `${name}@${version}`
  const opened = await registry.openModel(exact, { signal })
  // A model of another tool has the example among its files.
  const example = Object.hasOwn(opened.package.files, EXAMPLE_FILE) ? undefined : await exampleOf(registry, exact)
  return { name, version, createdAt, digest, package: opened.package, registration: { metrics, lineage, description, tags, example } }
}

/** Registers a copied version, after a check that its package has the digest of the original. @throws Corrupt */
async function registerCopy(copied: CopiedVersion, registry: ModelRegistry, { name, signal }: CopyVersionOptions): Promise<ModelVersion> {
  throwIfAborted(signal)
  const { package: model, digest } = copied
  const made = buildManifest(model, { metrics: {}, lineage: {}, tags: {} }).fingerprint
  // A model of another tool has no digest.
  if (digest !== '' && made !== digest) {
    throw new MillwrightError('Corrupt', `the model ${show(copied.name)} version ${copied.version} does not have its digest`, {
      details: { expected: digest, actual: made },
    })
  }
  const { origin = { name: copied.name, version: copied.version, createdAt: copied.createdAt } } = copied.registration.lineage ?? {}
  const lineage: Lineage = { ...copied.registration.lineage, origin }
  return registry.register(name ?? copied.name, model, { ...copied.registration, lineage, signal })
}

async function exampleOf(registry: ModelRegistry, reference: string): Promise<readonly Row[] | undefined> {
  try {
    return rowsOf(parseJson(fromUtf8(await registry.readFile(reference, EXAMPLE_FILE)), EXAMPLE_FILE))
  } catch (error) {
    if (isMillwrightError(error, 'NotFound') || isMillwrightError(error, 'Corrupt') || isMillwrightError(error, 'Unsupported'))
      return undefined
    throw error
  }
}

/** The rows of an example in pandas' split orientation, or as a list of records; `undefined` for anything else, such as a tensor. */
function rowsOf(value: unknown): Row[] | undefined {
  if (Array.isArray(value)) return value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row)) ? value : undefined
  const { columns, data } = (value ?? {}) as { columns?: unknown; data?: unknown }
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined
  return data.map((cells: unknown[]) => Object.fromEntries(columns.map((column, i) => [String(column), cells[i] as Row[string]])))
}
