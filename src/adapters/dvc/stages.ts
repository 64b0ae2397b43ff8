/** The stages of a `dvc.yaml`: what a stage runs, needs and makes, its templates filled in. */
import { posix } from 'node:path'
import { fromUtf8 } from '../../core/bytes'
import { invalidArgument, MillwrightError, show } from '../../core/errors'
import { parseYaml } from '../../core/yaml-read'
import { fieldsOf, stagesOf } from './pointers'
import type { Source } from './project'
import { fillIn, mergedValues, noValues, type TemplateValues, valuesOf } from './templates'

/** One stage, ready to be recorded. */
export interface Stage {
  /** As `dvc.lock` names it: `train`, or `each@x` of a `foreach`. */
  readonly name: string
  /** The `dvc.yaml` that defines it. */
  readonly pipeline: string
  /** Its working folder, seen from the `dvc.yaml`. */
  readonly wdir: string
  readonly cmd: string | readonly string[]
  /** As written, from the working folder on. */
  readonly deps: readonly string[]
  /** File → the keys that the stage depends on; `[]` for all of the file. */
  readonly params: ReadonlyMap<string, readonly string[]>
  readonly outs: readonly StageOutput[]
}

/** An output, metrics file or plots file. */
export interface StageOutput {
  readonly path: string
  readonly isCached: boolean
}

type Fields = Readonly<Record<string, unknown>>

/** Keeps `train` and `sub/dvc.yaml:train` apart. @throws InvalidArgument */
export function stageAddress(text: unknown): { readonly pipeline: string; readonly name: string } {
  const [, file, name] = typeof text === 'string' ? (/^(?:(.+):)?([^:/\\]+)$/.exec(text) ?? []) : []
  const pipeline = file ?? 'dvc.yaml'
  if (name === undefined || posix.basename(pipeline) !== 'dvc.yaml' || /^(\.\.?\/|\/)|\/\.\.\//.test(pipeline)) {
    throw invalidArgument(`commit takes a stage: "train", or "sub/dvc.yaml:train", got ${show(text)}`)
  }
  return { pipeline, name }
}

/** Reads a stage from the working tree. @throws NotFound, Corrupt, Unsupported */
export async function readStage(source: Source, address: { readonly pipeline: string; readonly name: string }): Promise<Stage> {
  const { pipeline, name } = address
  const bytes = await source.bytes(pipeline)
  if (bytes === undefined) throw new MillwrightError('NotFound', `commit: there is no ${show(pipeline)}`)
  const text = fromUtf8(bytes)
  const folder = posix.dirname(pipeline)
  const shared = await varsOf(source, folder, fieldsOf(parseYaml(text, pipeline), pipeline).vars, await paramsFile(source, folder))
  const { definition, item } = definitionOf(stagesOf(text, pipeline), name, pipeline, shared)
  const subject = `${pipeline}: stage ${show(name)}`
  const base = mergedValues(shared, item)
  const wdir = definition.wdir === undefined ? '.' : String(fillIn(definition.wdir, base, subject))
  const own = await varsOf(source, posix.join(folder, wdir), definition.vars, base)
  const fields = fillIn(definition, own, subject) as Fields
  const { cmd } = fields
  if (!(typeof cmd === 'string' || (Array.isArray(cmd) && cmd.every((line) => typeof line === 'string'))) || cmd.length === 0) {
    throw new MillwrightError('Corrupt', `${subject}: \`cmd\` must be a text or a list of texts, got ${show(cmd)}`)
  }
  return {
    name,
    pipeline,
    wdir,
    cmd,
    deps: listOf(fields.deps, `${subject}: \`deps\``).map(([path]) => path),
    params: paramsOf(fields.params, `${subject}: \`params\``),
    outs: ['outs', 'metrics', 'plots'].flatMap((kind) =>
      listOf(fields[kind], `${subject}: \`${kind}\``).map(([path, settings]) => ({ path, isCached: settings.cache !== false })),
    ),
  }
}

/** `params.yaml` beside the `dvc.yaml`, which templates may name without being told so. */
async function paramsFile(source: Source, folder: string): Promise<TemplateValues> {
  const path = posix.join(folder, 'params.yaml')
  const bytes = await source.bytes(path)
  return bytes === undefined ? noValues : valuesOf(fromUtf8(bytes), path)
}

/** `vars`: mappings, and files (`file.yaml`, `file.yaml:key,key`). */
async function varsOf(source: Source, folder: string, vars: unknown, before: TemplateValues): Promise<TemplateValues> {
  let values = before
  for (const entry of Array.isArray(vars) ? (vars as unknown[]) : []) {
    if (typeof entry !== 'string') {
      values = mergedValues(values, { values: fieldsOf(entry, '`vars`'), texts: textsOf(fieldsOf(entry, '`vars`')) as Fields })
      continue
    }
    const [file = '', keys] = entry.split(':')
    const path = posix.join(folder, file)
    const bytes = await source.bytes(path)
    if (bytes === undefined) throw new MillwrightError('NotFound', `\`vars\` names ${show(path)}, which is not there`)
    const all = valuesOf(fromUtf8(bytes), path)
    const wanted = keys?.split(',').map((key) => key.trim())
    const chosen = (tree: Fields): Fields =>
      Object.fromEntries(Object.entries(tree).filter(([key]) => wanted === undefined || wanted.includes(key)))
    values = mergedValues(values, { values: chosen(all.values), texts: chosen(all.texts) })
  }
  return values
}

/** Whole numbers that were parsed already, as text; other numbers stay what they are. */
function textsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(textsOf)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, textsOf(member)]))
  return Number.isSafeInteger(value) ? String(value) : value
}

/** The definition of a stage, and what `item` and `key` stand for in it. */
function definitionOf(
  stages: Fields,
  name: string,
  pipeline: string,
  values: TemplateValues,
): { readonly definition: Fields; readonly item: TemplateValues } {
  const subject = `${pipeline}: stage ${show(name)}`
  const plain = Object.hasOwn(stages, name) ? fieldsOf(stages[name], subject) : undefined
  if (plain !== undefined && plain.foreach === undefined && plain.matrix === undefined) return { definition: plain, item: noValues }
  const at = name.lastIndexOf('@')
  const group = at > 0 ? fieldsOf(stages[name.slice(0, at)], subject) : undefined
  if (plain?.matrix !== undefined || group?.matrix !== undefined) {
    throw new MillwrightError('Unsupported', `${subject} is of a \`matrix\``, { hint: 'run `dvc commit`' })
  }
  const items = group?.foreach === undefined ? undefined : fillIn(group.foreach, values, subject)
  const isKeyed = Array.isArray(items) && !items.some((item) => typeof item === 'object' && item !== null)
  const key = name.slice(at + 1)
  const found = Object.entries(items ?? {}).find(([place, item]) => key === (isKeyed ? String(item) : place))
  if (found === undefined) {
    throw new MillwrightError('NotFound', `${pipeline} has no stage ${show(name)}; it has ${Object.keys(stages).join(', ') || 'none'}`)
  }
  const own = { item: found[1], ...(Array.isArray(items) ? {} : { key: found[0] }) }
  return { definition: fieldsOf(group?.do, subject), item: { values: own, texts: textsOf(own) as Fields } }
}

/** Paths, or paths with settings. */
function listOf(items: unknown, subject: string): readonly (readonly [path: string, settings: Fields])[] {
  if (items === undefined || items === null) return []
  if (!Array.isArray(items)) throw new MillwrightError('Corrupt', `${subject} must be a list, got ${show(items)}`)
  return (items as unknown[]).flatMap((item) => {
    if (typeof item === 'string') return [[item, {}] as const]
    return Object.entries(fieldsOf(item, subject)).map(([path, settings]) => [path, fieldsOf(settings, `${subject}: ${path}`)] as const)
  })
}

function paramsOf(items: unknown, subject: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const all = new Set<string>()
  const add = (file: string, keys: readonly string[]): void => void found.set(file, [...(found.get(file) ?? []), ...keys])
  for (const item of Array.isArray(items) ? (items as unknown[]) : []) {
    if (typeof item === 'string') add('params.yaml', [item])
    else {
      for (const [file, keys] of Object.entries(fieldsOf(item, subject))) {
        if (keys === null) all.add(file)
        add(file, Array.isArray(keys) ? keys.map(String) : [])
      }
    }
  }
  return new Map([...found].map(([file, keys]) => [file, all.has(file) ? [] : [...new Set(keys)]]))
}
