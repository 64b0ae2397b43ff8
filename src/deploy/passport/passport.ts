/** The passport of a registered version: its bill of materials, and a signature over the model and the bill. */
import { fromUtf8, utf8 } from '../../core/bytes'
import { attachDisplay } from '../../core/display'
import { isMillwrightError, MillwrightError, show } from '../../core/errors'
import { sha256Hex } from '../../core/hash'
import type { Json } from '../../core/json'
import { arrayOf, checkOptions, nonEmptyString, ofType, requireMethods, requireOptions } from '../../core/options'
import type { ObjectStore } from '../../ports/object-store'
import { objectStoreRule } from '../../ports/port-rules'
import { readOptional } from '../../ports/stored-objects'
import type { ModelRegistry } from '../../registry'
import { mlBom, type PassportFacts } from './ml-bom'
import { type ModelFiles, SIGNATURE_FILE, signModel, type VerifiedModel, verifyModel } from './signature'

/** The members of a registry that passports need; `ModelRegistry` has them. */
export type PassportRegistry = Pick<ModelRegistry, 'resolve' | 'openModel' | 'setTags'>

/** Options of {@link issuePassport}. */
export interface PassportOptions extends PassportFacts {
  /** Signs the model and the bill: the text of a PEM file, see `signModel`. @default not signed */
  readonly privateKey?: string | undefined
  /** Stores the passport under `passports/<name>/<version>/`, and its digest in the tag `passport` of the version. @default not stored */
  readonly storage?: ObjectStore | undefined
}

/** The passport of a version. */
export interface ModelPassport {
  readonly name: string
  readonly version: string
  /** The CycloneDX 1.7 bill of materials. */
  readonly bom: { readonly [key: string]: Json | undefined }
  /** The signature as JSON text, where there was a key. */
  readonly signature?: string | undefined
  /**
   * Everything to ship: the files of the model, `bom.cdx.json`, and `model.sig` where there was a key. In one folder, the Python command
   * `model_signing verify key` accepts them.
   */
  readonly files: ModelFiles
}

/** The file name of the bill beside the model. */
const BOM_FILE = 'bom.cdx.json'

/**
 * Issues the passport of a version: `flights@4`, `flights@champion`. The bill lists the files with their digests, the training data, the signature of
 * inputs and outputs, the metrics, and what you say about use and limits.
 *
 * @throws NotFound; Corrupt when a file of the model differs from its digest; AlreadyExists when the storage holds another passport of the version;
 * InvalidArgument
 *
 * @example
 * const passport = await issuePassport(registry, 'flights@champion', { privateKey, licence: 'Apache-2.0', storage })
 * for (const [path, bytes] of Object.entries(passport.files)) await writeFile(join(folder, path), bytes)
 */
export async function issuePassport(registry: PassportRegistry, reference: string, options: PassportOptions = {}): Promise<ModelPassport> {
  assertRegistry('issuePassport', registry)
  checkPassport(options)
  const { privateKey, storage, ...facts } = options
  const resolved = await registry.resolve(reference)
  const { name, version } = resolved
  const { package: model } = await registry.openModel(`${name}@${version}`)
  const bom = mlBom({ version: resolved, model, facts })
  const content: ModelFiles = { ...model.files, [BOM_FILE]: utf8(`${JSON.stringify(bom, null, 2)}\n`) }
  const signature = privateKey === undefined ? undefined : await signModel(content, { privateKey, name: `${name}-${version}` })
  const files = signature === undefined ? content : { ...content, [SIGNATURE_FILE]: utf8(signature) }
  if (storage !== undefined) {
    await store(storage, folderOf(name, version), files)
    await registry.setTags(`${name}@${version}`, { passport: sha256Hex(files[BOM_FILE] as Uint8Array) })
  }
  const text = `ModelPassport: ${name}@${version}, ${Object.keys(model.files).length} files, ${signature === undefined ? 'not signed' : 'signed'}`
  return attachDisplay({ name, version, bom, signature, files }, { text: () => text })
}

/**
 * Verifies the stored passport of a version against the files that the registry holds now.
 *
 * @throws NotFound without a passport; InvalidState where it is not signed; Corrupt when the model, the bill or the signature was changed
 */
export async function verifyPassport(
  registry: PassportRegistry,
  reference: string,
  options: { readonly storage: ObjectStore; readonly publicKey: string },
): Promise<VerifiedModel> {
  assertRegistry('verifyPassport', registry)
  requireOptions('verifyPassport', options, ['storage', 'publicKey'])
  checkOptions('verifyPassport', options, { storage: objectStoreRule(), publicKey: nonEmptyString() })
  const { storage, publicKey } = options
  const { name, version } = await registry.resolve(reference)
  const folder = folderOf(name, version)
  const [bom, signature] = await Promise.all([readOptional(storage, folder + BOM_FILE), readOptional(storage, folder + SIGNATURE_FILE)])
  if (bom === undefined) throw new MillwrightError('NotFound', `${storage.name} has no passport of ${show(`${name}@${version}`)}`)
  if (signature === undefined) throw new MillwrightError('InvalidState', `the passport of ${show(`${name}@${version}`)} is not signed`)
  const { package: model } = await registry.openModel(`${name}@${version}`)
  return verifyModel({ ...model.files, [BOM_FILE]: bom }, fromUtf8(signature), { publicKey })
}

function folderOf(name: string, version: string): string {
  return `passports/${name}/${version}/`
}

/** Stores bill and signature; the signature comes first, so that a bill is never there without it. */
async function store(storage: ObjectStore, folder: string, files: ModelFiles): Promise<void> {
  const held = await readOptional(storage, folder + BOM_FILE)
  const bom = files[BOM_FILE] as Uint8Array
  if (held !== undefined && fromUtf8(held) !== fromUtf8(bom)) throw exists(storage, folder)
  const signature = files[SIGNATURE_FILE]
  if (signature !== undefined) await storage.put(folder + SIGNATURE_FILE, signature)
  if (held !== undefined) return
  try {
    await storage.put(folder + BOM_FILE, bom, storage.capabilities.conditionalPut ? { ifAbsent: true } : {})
  } catch (error) {
    throw isMillwrightError(error, 'Conflict') ? exists(storage, folder) : error
  }
}

function exists(storage: ObjectStore, folder: string): MillwrightError {
  return new MillwrightError('AlreadyExists', `${storage.name} holds another passport at ${show(folder)}`, {
    hint: 'a version has one passport: register a new version for other facts',
  })
}

function assertRegistry(subject: string, registry: unknown): void {
  requireMethods(subject, 'a ModelRegistry', registry, ['resolve', 'openModel', 'setTags'])
}

function checkPassport(options: PassportOptions): void {
  const texts = arrayOf(nonEmptyString())
  const record = {
    allowed: 'an object of texts',
    test: (value: unknown) => ofType('object').test(value) && Object.values(value as object).every((text) => typeof text === 'string'),
  }
  checkOptions('issuePassport', options, {
    privateKey: nonEmptyString(),
    storage: objectStoreRule(),
    licence: nonEmptyString(),
    authors: texts,
    useCases: texts,
    users: texts,
    limitations: texts,
    tradeoffs: texts,
    ethicalConsiderations: record,
  })
}
