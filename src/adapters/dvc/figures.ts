/** Params and metrics of a DVC project: the files that `dvc.yaml` names, as data. */
import { posix } from 'node:path'
import { fromUtf8 } from '../../core/bytes'
import { MillwrightError, show } from '../../core/errors'
import { parseJson } from '../../core/json'
import { parseYaml } from '../../core/yaml-read'
import { pathInside, pathOfOutput } from './paths'
import { fieldsOf, stagesOf } from './pointers'
import { outputsOf, type Project, type Source } from './project'
import { readPath } from './read'

/** File, by its path below the root → its content. */
export type DvcFigures = Readonly<Record<string, unknown>>

/** Options of `params` and `metrics`. */
export interface DvcFiguresOptions {
  /** A branch, tag or commit of git. @default the working tree */
  readonly rev?: string | undefined
  /** Files to read, whether or not `dvc.yaml` names them. @default those that it names */
  readonly paths?: string | readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** The params or metrics of the working tree or of a revision. */
export async function readFigures(project: Project, kind: 'params' | 'metrics', options: DvcFiguresOptions): Promise<DvcFigures> {
  const { rev, paths: asked, signal } = options
  await project.cache()
  const source = await project.source(rev, signal)
  const given = asked === undefined ? undefined : [asked].flat().map((path) => pathInside(project.root, path, kind))
  const tracked = new Set((await outputsOf(project, rev, signal)).filter(({ isCached }) => isCached).map(({ path }) => path))
  const figures: Record<string, unknown> = {}
  for (const path of [...(given ?? (await figurePaths(source, kind)))].sort()) {
    const read = given !== undefined || tracked.has(path)
    const bytes = read ? await readPath(project, path, { rev, signal }) : await source.bytes(path)
    // DVC passes over what was not written yet.
    if (bytes !== undefined) figures[path] = parseFigures(fromUtf8(bytes), path)
  }
  return figures
}

async function figurePaths(source: Source, kind: 'params' | 'metrics'): Promise<ReadonlySet<string>> {
  const found = new Set<string>(kind === 'params' && source.paths.includes('params.yaml') ? ['params.yaml'] : [])
  for (const pipeline of source.paths.filter((path) => posix.basename(path) === 'dvc.yaml')) {
    const bytes = await source.bytes(pipeline)
    if (bytes === undefined) continue
    const text = fromUtf8(bytes)
    const folder = posix.dirname(pipeline)
    const take = (wdir: string, items: unknown): void => {
      for (const name of fileNames(items, kind)) {
        const path = pathOfOutput(folder, wdir, name)
        if (path !== undefined) found.add(path)
      }
    }
    take('.', fieldsOf(parseYaml(text, pipeline), pipeline)[kind])
    for (const stage of Object.values(stagesOf(text, pipeline))) {
      const fields = fieldsOf(stage, pipeline)
      const definition = fieldsOf(fields.do ?? fields, pipeline)
      take(typeof definition.wdir === 'string' ? definition.wdir : '.', definition[kind])
      if (kind === 'params' && hasBareNames(definition.params))
        take(typeof definition.wdir === 'string' ? definition.wdir : '.', ['params.yaml'])
    }
  }
  return found
}

/** Metrics are paths, or paths with options; at the top of the file params are too. In a stage a param is a key, or a file with its keys. */
function fileNames(items: unknown, kind: 'params' | 'metrics'): readonly string[] {
  if (!Array.isArray(items)) return []
  return items.flatMap((item: unknown) => {
    if (typeof item === 'object' && item !== null) return Object.keys(item)
    return typeof item === 'string' && (kind === 'metrics' || /\.(ya?ml|json|toml|py)$/.test(item)) ? [item] : []
  })
}

function hasBareNames(items: unknown): boolean {
  return Array.isArray(items) && items.some((item) => typeof item === 'string' && !/\.(ya?ml|json|toml|py)$/.test(item))
}

/** The content of a params or metrics file. @throws Unsupported for TOML and Python, Corrupt */
export function parseFigures(text: string, path: string): unknown {
  if (/\.json$/i.test(path)) return parsePythonJson(text, path)
  if (/\.(toml|py)$/i.test(path))
    throw new MillwrightError(
      'Unsupported',
      `${show(path)}: params and metrics are read from YAML and JSON, not from ${posix.extname(path)}`,
    )
  return parseYaml(text, path)
}

/** JSON with Python's words for what is no number. */
function parsePythonJson(text: string, path: string): unknown {
  const mark = '\u0000number:'
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|\bNaN\b|-?\bInfinity\b/g, (found) =>
    found.startsWith('"') ? found : JSON.stringify(mark + found),
  )
  const revive = (value: unknown): unknown => {
    if (typeof value === 'string') return value.startsWith(mark) ? Number(value.slice(mark.length)) : value
    if (Array.isArray(value)) return value.map(revive)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, revive(member)]))
  }
  return revive(parseJson(plain, path))
}
