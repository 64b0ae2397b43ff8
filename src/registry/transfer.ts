/** Taking a version from one registry to another: as it is, or as one archive. The digest and the lineage stay. */
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
  /** The name in the other registry. @default the same */
  readonly name?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link importModel}. */
export interface ImportModelOptions {
  /** The name to register under. @default the one in the archive */
  readonly name?: string | undefined
  /** Most bytes that the archive may unpack to. @default 2 GiB */
  readonly maxBytes?: number | undefined
  /** @default 10000 */
  readonly maxFiles?: number | undefined
  /** Most times its own size that the archive may unpack to. @default 200 */
  readonly maxRatio?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A version on its way. */
interface Parcel {
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
 * Registers a version in another registry: the same files and digest, metrics, description, tags, example and lineage (with where it came
 * from as `origin`). Aliases and history are the other registry's own; promote there. Copying again makes another version.
 *
 * @example
 * const version = await copyVersion(dev, 'flights@champion', prod)
 * await prod.promote('flights', version, 'champion', { gates: [metricAtLeast('accuracy', 0.8)] })
 * @throws NotFound; Corrupt when a file is not what was registered
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
  return deliver(await collect(from, reference, options.signal), to, options)
}

/**
 * One ZIP archive that holds a version: `archive.json`, `millwright.json` with the digest of every file, the input example, and the files
 * below `files/`. Equal versions give equal archives.
 *
 * @throws NotFound; Corrupt when a file is not what was registered; Unsupported above 4 GB
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
 * Registers the version that an archive of {@link exportModel} holds, also one that was unpacked and packed again by an ordinary tool (with
 * entries for folders, inside one folder, with macOS's notes). The archive may come from anywhere: what leads out of a folder, links,
 * double names, and archives that unpack to more than the limits are refused, and every file must have the digest it says.
 *
 * @throws InvalidArgument for an archive that is refused, Corrupt for one that is damaged or none of ours
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
  // Three files are the archive's own.
  const files = await readZip(bytes, { maxBytes, maxFiles: maxFiles + 3, maxRatio }, signal)
  return deliver(open(withoutTopFolder(files)), registry, options)
}

/** What `archive.json` must hold. */
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

/** What macOS adds to archives: notes on files, and on how a folder is shown. */
function isMacNote(path: string): boolean {
  return path.startsWith('__MACOSX/') || /(^|\/)\.DS_Store$/.test(path)
}

/** The files of an archive; where somebody packed the folder and not what is in it, without that folder. */
function withoutTopFolder(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (files.has(FACTS_FILE)) return files
  const own = [...files].filter(([path]) => !isMacNote(path))
  const top = own[0]?.[0].split('/')[0]
  const prefix = `${top}/`
  if (!files.has(prefix + FACTS_FILE) || !own.every(([path]) => path.startsWith(prefix))) return files
  return new Map(own.map(([path, bytes]) => [path.slice(prefix.length), bytes]))
}

function assertRegistry(operation: string, registry: unknown): void {
  if (typeof (registry as Partial<ModelRegistry> | undefined)?.openModel === 'function') return
  throw invalidArgument(`${operation} needs a ModelRegistry, got ${show(registry)}`)
}

/** What an archive holds, checked against the digests in it. */
function open(files: ReadonlyMap<string, Uint8Array>): Parcel {
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
  const extra = [...files.keys()].find((path) => !known.has(path) && !isMacNote(path))
  if (extra !== undefined) throw new MillwrightError('Corrupt', `the archive holds ${show(extra)}, which its manifest does not know`)
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

async function collect(registry: ModelRegistry, reference: string, signal: AbortSignal | undefined): Promise<Parcel> {
  const { name, version, createdAt, digest, metrics, lineage, description, tags } = await registry.resolve(reference)
  const exact = `${name}@${version}`
  const opened = await registry.openModel(exact, { signal })
  // Models of other tools bring theirs among their files.
  const example = Object.hasOwn(opened.package.files, EXAMPLE_FILE) ? undefined : await exampleOf(registry, exact)
  return { name, version, createdAt, digest, package: opened.package, registration: { metrics, lineage, description, tags, example } }
}

/** Registers, and makes sure that what arrived is what was sent. */
async function deliver(parcel: Parcel, registry: ModelRegistry, { name, signal }: CopyVersionOptions): Promise<ModelVersion> {
  throwIfAborted(signal)
  const { package: model, digest } = parcel
  const made = buildManifest(model, { metrics: {}, lineage: {}, tags: {} }).fingerprint
  // A model that another tool stored has no digest until now.
  if (digest !== '' && made !== digest) {
    throw new MillwrightError('Corrupt', `the model ${show(parcel.name)} version ${parcel.version} does not have the digest it says`, {
      details: { expected: digest, actual: made },
    })
  }
  const { origin = { name: parcel.name, version: parcel.version, createdAt: parcel.createdAt } } = parcel.registration.lineage ?? {}
  const lineage: Lineage = { ...parcel.registration.lineage, origin }
  return registry.register(name ?? parcel.name, model, { ...parcel.registration, lineage, signal })
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

/** Rows of pandas' split orientation, or of a list of records; anything else (a tensor) is no table. */
function rowsOf(value: unknown): Row[] | undefined {
  if (Array.isArray(value)) return value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row)) ? value : undefined
  const { columns, data } = (value ?? {}) as { columns?: unknown; data?: unknown }
  if (!Array.isArray(columns) || !Array.isArray(data) || !data.every(Array.isArray)) return undefined
  return data.map((cells: unknown[]) => Object.fromEntries(columns.map((column, i) => [String(column), cells[i] as Row[string]])))
}
