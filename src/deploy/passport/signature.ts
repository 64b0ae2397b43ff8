/** Signs the files of a model in the form of the OpenSSF's `model_signing` 1.x, and verifies such signatures: a Sigstore bundle around an in-toto statement. */
import * as z from 'zod/mini'
import { concatBytes, fromBase64, fromUtf8, toBase64, utf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { sha256, sha256Hex } from '../../core/hash'
import { assertSafeKey } from '../../core/ids'
import { parseJson } from '../../core/json'
import { checkOptions, nonEmptyString } from '../../core/options'
import { parseStored, readStored, storedFormat } from '../../core/stored'
import { readPrivateKey, readPublicKey, type VerifyingKey } from './ec-key'

/** Files of a model by path, with `/` between folders. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>

/** Options of {@link signModel}. */
export interface SignModelOptions {
  /** The private key: the text of a PEM file `PRIVATE KEY` (PKCS #8, no password) of the curve P-256, P-384 or P-521. */
  readonly privateKey: string
  /** The name of the model in the signature. @default 'model' */
  readonly name?: string | undefined
}

/** What {@link verifyModel} found right. */
export interface VerifiedModel {
  /** The name of the model in the signature. */
  readonly name: string
  /** SHA-256 over the digests of all files, in the order of their paths. */
  readonly digest: string
  /** The signed paths, ascending. */
  readonly files: readonly string[]
}

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const PAYLOAD = 'application/vnd.in-toto+json'
const STATEMENT = 'https://in-toto.io/Statement/v1'
const PREDICATE = 'https://model_signing/signature/v1.0'

/** The file name of a signature beside the model. */
export const SIGNATURE_FILE = 'model.sig'
/** What the Python tool ignores by itself, in a folder under git. */
const GIT_PATHS: readonly string[] = ['.git', '.gitattributes', '.github', '.gitignore']

const bundleFormat = /* @__PURE__ */ storedFormat(() =>
  z.looseObject({
    mediaType: z.string(),
    verificationMaterial: z.looseObject({ publicKey: z.optional(z.looseObject({ hint: z.nullish(z.string()) })) }),
    dsseEnvelope: z.looseObject({
      payload: z.string(),
      payloadType: z.literal(PAYLOAD),
      signatures: z.array(z.looseObject({ sig: z.string() })).check(z.length(1)),
    }),
  }),
)
const statementFormat = /* @__PURE__ */ storedFormat(() =>
  z.looseObject({
    _type: z.literal(STATEMENT),
    subject: z.array(z.looseObject({ name: z.string(), digest: z.looseObject({ sha256: z.string() }) })).check(z.length(1)),
    predicateType: z.literal(PREDICATE),
    predicate: z.looseObject({
      serialization: z.looseObject({ method: z.string(), hash_type: z.string(), ignore_paths: z.optional(z.array(z.string())) }),
      resources: z.array(z.looseObject({ name: z.string(), algorithm: z.string(), digest: z.string() })),
    }),
  }),
)

/**
 * Signs files with an elliptic-curve key. Write the answer as `model.sig` into their folder: the command
 * `model_signing verify key <folder> --signature <folder>/model.sig --public_key <file>` then accepts it.
 *
 * @returns the signature as JSON text
 * @throws InvalidArgument for no files, unsafe paths, or a key that is none
 */
export async function signModel(files: ModelFiles, options: SignModelOptions): Promise<string> {
  checkOptions('signModel', options ?? null, { privateKey: nonEmptyString(), name: nonEmptyString() })
  const key = await readPrivateKey(options.privateKey)
  const paths = signedPaths(files, [SIGNATURE_FILE])
  if (paths.length === 0) throw invalidArgument('signModel needs at least one file')
  for (const path of paths) assertSafeKey(path, 'a path of signModel')
  const resources = paths.map((name) => ({ name, algorithm: 'sha256', digest: sha256Hex(files[name] as Uint8Array) }))
  const statement = {
    _type: STATEMENT,
    subject: [{ name: options.name ?? 'model', digest: { sha256: rootDigest(resources) } }],
    predicateType: PREDICATE,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: [SIGNATURE_FILE, ...GIT_PATHS] },
      resources,
    },
  }
  const payload = utf8(JSON.stringify(statement))
  const sig = toBase64(await key.sign(preAuthentication(payload)))
  return JSON.stringify({
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: key.hint }, tlogEntries: [] },
    dsseEnvelope: { payload: toBase64(payload), payloadType: PAYLOAD, signatures: [{ sig, keyid: '' }] },
  })
}

/**
 * Verifies that `signature` is one of the key over exactly these files: none changed, none missing, none added. The signature may come from the
 * Python tool.
 *
 * @param files the files, with or without `model.sig`
 * @throws Corrupt for a signature that is damaged, of another key, or of other files: `details` has `changed`, `missing` and `added`; Unsupported for
 * signatures of shards, or by another digest than SHA-256; InvalidArgument for a key that is none
 */
export async function verifyModel(files: ModelFiles, signature: string, options: { readonly publicKey: string }): Promise<VerifiedModel> {
  checkOptions('verifyModel', options ?? null, { publicKey: nonEmptyString() })
  const key = await readPublicKey(options.publicKey)
  const payload = await authenticPayload(signature, key)
  const { subject, predicate } = readStored(statementFormat, parseJson(payload, 'the signed statement'), 'the signed statement')
  const { serialization, resources } = predicate
  if (serialization.method !== 'files' || resources.some(({ algorithm }) => algorithm !== 'sha256')) {
    throw new MillwrightError(
      'Unsupported',
      `verifyModel reads signatures of files by SHA-256, got ${serialization.method} by ${serialization.hash_type}`,
    )
  }
  const [{ name, digest }] = subject as [(typeof subject)[number]]
  if (rootDigest(resources) !== digest.sha256) throw refused('the digests of its files do not give the digest of the whole')
  const signed = new Map(resources.map((resource) => [resource.name, resource.digest]))
  const present = signedPaths(files, [SIGNATURE_FILE, ...(serialization.ignore_paths ?? [])])
  const missing = [...signed.keys()].filter((path) => !Object.hasOwn(files, path))
  const added = present.filter((path) => !signed.has(path))
  // What was signed must be the same, also where the signature would let others be added.
  const changed = [...signed]
    .filter(([path, own]) => Object.hasOwn(files, path) && sha256Hex(files[path] as Uint8Array) !== own)
    .map(([path]) => path)
  if (missing.length + added.length + changed.length > 0) {
    const words = Object.entries({ changed, missing, added }).flatMap(([what, paths]) =>
      paths.length === 0 ? [] : [`${what}: ${paths.slice(0, 5).map(show).join(', ')}`],
    )
    throw refused(`it is of other files (${words.join('; ')})`, { changed, missing, added })
  }
  return { name, digest: digest.sha256, files: [...signed.keys()].sort() }
}

/** The payload of a signature that is of the key. */
async function authenticPayload(signature: string, key: VerifyingKey): Promise<string> {
  const { mediaType, verificationMaterial, dsseEnvelope } = parseStored(bundleFormat, utf8(signature), 'the signature of a model')
  if (!mediaType.startsWith('application/vnd.dev.sigstore.bundle')) throw refused(`it is no Sigstore bundle, but ${show(mediaType)}`)
  const hint = verificationMaterial.publicKey?.hint
  if (typeof hint === 'string' && hint !== key.hint) throw refused('it names another key')
  const payload = decoded(dsseEnvelope.payload)
  const isOurs = await key.verify(preAuthentication(payload), decoded(dsseEnvelope.signatures[0]?.sig ?? ''))
  if (!isOurs) throw refused('the key does not fit')
  return fromUtf8(payload)
}

function decoded(text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch {
    throw refused('it is damaged: what should be base64 is not')
  }
}

/** What is signed: DSSE's pre-authentication encoding. */
function preAuthentication(payload: Uint8Array): Uint8Array {
  return concatBytes([utf8(`DSSEv1 ${PAYLOAD.length} ${PAYLOAD} ${payload.length} `), payload])
}

/** The paths that a signature covers, in the order of Python's paths: folder by folder. */
function signedPaths(files: ModelFiles, ignored: readonly string[]): string[] {
  const isIgnored = (path: string): boolean => ignored.some((each) => path === each || path.startsWith(`${each}/`))
  return Object.keys(files)
    .filter((path) => !isIgnored(path))
    .sort((a, b) => compareParts(a.split('/'), b.split('/')))
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return (a[i] as string) < (b[i] as string) ? -1 : 1
  }
  return a.length - b.length
}

function rootDigest(resources: readonly { readonly digest: string }[]): string {
  const hash = sha256()
  for (const { digest } of resources) hash.update(Uint8Array.from(digest.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))
  return hash.digest()
}

function refused(reason: string, details: Readonly<Record<string, readonly string[]>> = {}): MillwrightError {
  return new MillwrightError('Corrupt', `the signature does not hold: ${reason}`, { details })
}
