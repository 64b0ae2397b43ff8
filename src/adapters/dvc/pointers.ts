/** What `.dvc` files and `dvc.lock` say: which files and folders DVC tracks, and the hash of each. */
import { MillwrightError, show } from '../../core/errors'
import type { Json } from '../../core/json'
import { parseYaml, parseYamlStrings } from '../../core/yaml-read'
import { toYaml } from '../../core/yaml-write'
import type { DvcHashScheme } from './hashes'
import { checkEntries, type ManifestEntry } from './manifest'
import { pathOfOutput } from './paths'

/** A file or folder that DVC tracks. */
export interface DvcOutput {
  /** Path below the root, with `/`; as it was written where it lies outside ({@link DvcOutput.isOutside}). */
  readonly path: string
  readonly kind: 'file' | 'folder'
  /** MD5 of the file, or of the folder's manifest; `undefined` before the first `dvc commit` or for an output that is not hashed. */
  readonly md5: string | undefined
  /** How `md5` was computed. */
  readonly scheme: DvcHashScheme
  /** Bytes in all, where DVC wrote it down. */
  readonly size: number | undefined
  /** Files of a folder, where DVC wrote it down. */
  readonly fileCount: number | undefined
  /** The file is a program. */
  readonly isExecutable: boolean
  /** The content is kept in the cache; not so with `cache: false`. */
  readonly isCached: boolean
  /** It lies outside of the project: such outputs are listed only. */
  readonly isOutside: boolean
  /** The `.dvc` file or `dvc.lock` that says so. */
  readonly pointer: string
  /** The stage of `dvc.lock`. */
  readonly stage: string | undefined
  /** The remote that keeps it, where it is not the default one. */
  readonly remote: string | undefined
  /** Files of a folder of a cloud-versioned remote, which has no manifest. */
  readonly files: readonly ManifestEntry[] | undefined
}

type Fields = Readonly<Record<string, unknown>>

/** The outputs of a `.dvc` file. @throws Corrupt */
export function readPointer(text: string, pointer: string): readonly DvcOutput[] {
  const document = fieldsOf(parseYamlStrings(text, pointer), pointer)
  return outputsOf(document.outs, { pointer, wdir: typeof document.wdir === 'string' ? document.wdir : '.', stage: undefined })
}

/**
 * The outputs of a `dvc.lock`. Its paths start at the working folder of their stage, which only `dvc.yaml` tells.
 *
 * @param pipeline the text of the `dvc.yaml` beside it
 * @throws Corrupt
 */
export function readLock(text: string, pointer: string, pipeline: string | undefined): readonly DvcOutput[] {
  const stages = fieldsOf(fieldsOf(parseYamlStrings(text, pointer), pointer).stages ?? {}, `${pointer}: \`stages\``)
  const definitions = pipeline === undefined ? {} : stagesOf(pipeline, pointer.replace(/dvc\.lock$/, 'dvc.yaml'))
  return Object.entries(stages).flatMap(([stage, content]) => {
    const definition = (definitions[stage] ?? definitions[stage.split('@')[0] ?? '']) as Fields | undefined
    const wdir = (definition?.do as Fields | undefined)?.wdir ?? definition?.wdir ?? '.'
    const fields = fieldsOf(content, `${pointer}: stage ${show(stage)}`)
    const isCached = cachedPaths(fieldsOf(definition?.do ?? definition, pointer))
    return outputsOf(fields.outs, { pointer, wdir: String(wdir), stage }).map((output, i) => ({
      ...output,
      isCached: isCached(String(((fields.outs as Fields[])[i] as Fields).path)),
    }))
  })
}

/** Tells of the outputs of a stage, as its lock names them, which are kept in the cache: only `dvc.yaml` says `cache: false`. */
function cachedPaths(definition: Fields): (path: string) => boolean {
  const lists = [definition.outs, definition.metrics, definition.plots].filter(Array.isArray).flat() as unknown[]
  const without = lists.flatMap((item) =>
    Object.entries(typeof item === 'object' && item !== null ? item : {}).flatMap(([path, settings]) =>
      (settings as Fields | null)?.cache === false ? [pathPattern(path)] : [],
    ),
  )
  return (path) => !without.some((pattern) => pattern.test(path))
}

/** A path of `dvc.yaml`, in which a template may stand for anything. */
function pathPattern(path: string): RegExp {
  const parts = path.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}

/** The stages of a `dvc.yaml`. @throws Corrupt */
export function stagesOf(text: string, subject: string): Fields {
  return fieldsOf(fieldsOf(parseYaml(text, subject), subject).stages ?? {}, `${subject}: \`stages\``)
}

function outputsOf(outs: unknown, at: { pointer: string; wdir: string; stage: string | undefined }): readonly DvcOutput[] {
  const { pointer, wdir, stage } = at
  if (outs === undefined || outs === null) return []
  if (!Array.isArray(outs)) throw new MillwrightError('Corrupt', `${pointer}: \`outs\` must be a list, got ${show(outs)}`)
  const folder = pointer.includes('/') ? pointer.slice(0, pointer.lastIndexOf('/')) : '.'
  return outs.map((item): DvcOutput => {
    const out = fieldsOf(item, `${pointer}: an output`)
    const { path, hash = 'md5', md5 } = out
    if (typeof path !== 'string') throw new MillwrightError('Corrupt', `${pointer}: an output has no \`path\``)
    const subject = `${pointer}: ${show(path)}`
    if (hash !== 'md5') throw new MillwrightError('Unsupported', `${subject} is hashed with ${show(hash)}; this release reads md5`)
    if (md5 !== undefined && md5 !== null && (typeof md5 !== 'string' || !/^[0-9a-f]{32}(\.dir)?$/.test(md5))) {
      throw new MillwrightError('Corrupt', `${subject}: \`md5\` must be 32 hexadecimal digits, got ${show(md5)}`)
    }
    const inside = pathOfOutput(folder, wdir, path)
    const files = Array.isArray(out.files)
      ? checkEntries(
          out.files.map((file: Fields) => ({ path: file.relpath, md5: file.md5, size: file.size })),
          subject,
        )
      : undefined
    return {
      path: inside ?? path,
      kind: files !== undefined || (typeof md5 === 'string' && md5.endsWith('.dir')) ? 'folder' : 'file',
      md5: typeof md5 === 'string' ? md5.replace('.dir', '') : undefined,
      scheme: out.hash === undefined ? 'md5-dos2unix' : 'md5',
      size: countOf(out.size),
      fileCount: countOf(out.nfiles),
      isExecutable: out.isexec === 'true',
      isCached: out.cache !== 'false',
      isOutside: inside === undefined,
      pointer,
      stage,
      remote: typeof out.remote === 'string' ? out.remote : undefined,
      files,
    }
  })
}

function countOf(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : undefined
}

/** A mapping. @throws Corrupt */
export function fieldsOf(value: unknown, subject: string): Fields {
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value))
    throw new MillwrightError('Corrupt', `${subject} must be a mapping, got ${show(value)}`)
  return value as Fields
}

/** What a `.dvc` file is to say of its one output. */
export interface PointerContent {
  /** Name of the file or folder, beside the `.dvc` file. */
  readonly name: string
  /** MD5, with `.dir` for a folder. */
  readonly hash: string
  readonly size: number
  readonly fileCount: number | undefined
  readonly isExecutable: boolean
}

/**
 * The text of a `.dvc` file, with its fields in DVC's order. What else an earlier file says stays as it is: comments, `meta`, `desc`, `remote`.
 *
 * @param before the text that is there
 */
export function writePointer(content: PointerContent, before: string | undefined, pointer: string): string {
  const { name, hash, size, fileCount, isExecutable } = content
  const facts = { md5: hash, size, ...(fileCount === undefined ? {} : { nfiles: fileCount }), ...(isExecutable ? { isexec: true } : {}) }
  const fresh = toYaml({ outs: [{ ...facts, hash: 'md5', path: name }] })
  if (before === undefined) return fresh
  const document = fieldsOf(parseYaml(before, pointer), pointer)
  const [out, ...others] = Array.isArray(document.outs) ? (document.outs as Fields[]) : []
  if (out === undefined || others.length > 0) return fresh
  const { md5: _, size: _1, nfiles: _2, isexec: _3, hash: _4, files: _5, cloud: _6, ...kept } = out
  // An earlier checksum of the whole stage no longer holds; only imports have one, and DVC's `update` writes it.
  const { md5: _7, outs: _8, ...rest } = document
  const wanted = { outs: [{ ...facts, hash: 'md5', ...kept, path: name }], ...rest } as Json
  const edited = edit(before, { ...facts, hash: 'md5' })
  return toYaml(sorted(parseYaml(edited, pointer) as Json)) === toYaml(sorted(wanted)) ? edited : toYaml(wanted)
}

/** Replaces the facts line by line, which keeps comments; whether that was right is for the caller to see. */
function edit(text: string, facts: Readonly<Record<string, string | number | boolean>>): string {
  let result = text
  for (const name of ['md5', 'size', 'nfiles', 'isexec', 'hash']) {
    const line = new RegExp(`^((?:- | {2}))${name}:[^#\n]*?( *#.*)?$`, 'm')
    const value = facts[name]
    if (value !== undefined) {
      const written = toYaml({ [name]: value }).trimEnd()
      if (line.test(result)) result = result.replace(line, (_, lead: string, comment = '') => `${lead}${written}${comment}`)
      else result = result.replace(/^( {2}|- )path:/m, (found) => `  ${written}\n${found.replace('-', ' ')}`)
    } else if (new RegExp(`^ {2}${name}:`, 'm').test(result)) result = result.replace(new RegExp(`^ {2}${name}:.*\n`, 'm'), '')
  }
  return result
}

/** With the keys in order, for a comparison of what two texts say. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member ?? null)]),
  )
}
