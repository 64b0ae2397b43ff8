/** Writes a run as DVCLive leaves it in a project, for `dvc metrics`, `dvc params`, `dvc plots`, VS Code and DVC Studio. */
import { utf8 } from '../../core/bytes'
import { invalidArgument, show } from '../../core/errors'
import { assertSafeKey } from '../../core/ids'
import type { Json } from '../../core/json'
import { checkOptions, nonEmptyString, ofType } from '../../core/options'
import { toYaml } from '../../core/yaml-write'
import { wholeHistory } from '../../ports/metric-points'
import type { ObjectStore } from '../../ports/object-store'
import { assertRunKey } from '../../ports/run-keys'
import type { MetricPoint, TrackerBackend } from '../../ports/tracker-backend'

/** Options of {@link writeDvclive}. */
export interface WriteDvcliveOptions {
  /** Folder below the storage's root. @default 'dvclive' */
  readonly folder?: string | undefined
  /** Also writes `dvc.yaml` beside the folder, which tells DVC where things are. An existing one is replaced. @default true */
  readonly dvcYaml?: boolean | undefined
  /** Adds a column of times to the histories. @default false */
  readonly timestamps?: boolean | undefined
}

/** What was written. */
export interface DvcliveFiles {
  /** Keys, in the order of writing. */
  readonly keys: readonly string[]
}

type Tree = { [name: string]: Json }

/**
 * Writes the params, last metrics, histories and images of a run in DVCLive's layout (version 3):
 * `params.yaml`, `metrics.json` (nested by `/`, with `step`), `plots/metrics/<name>.tsv`, `plots/images/<key>/<step>.png`, and `dvc.yaml`.
 *
 * Every value of a param is written as what it looks like: `0.1` as a number, `true` as a boolean. Where one name is both a value and a
 * folder (`loss` and `loss/train`) the value moves to `<name>/value`. NaN and the infinities are written as Python's JSON spells them, which
 * DVC reads.
 *
 * @param storage usually `fsStorage({ root })` at the root of a DVC project
 * @throws NotFound; InvalidArgument for a metric or image whose name is no file name on every system (nothing is written); what the storage throws
 */
export async function writeDvclive(
  backend: TrackerBackend,
  runId: string,
  storage: ObjectStore,
  options: WriteDvcliveOptions = {},
): Promise<DvcliveFiles> {
  checkOptions('writeDvclive', options, { folder: nonEmptyString(), dvcYaml: ofType('boolean'), timestamps: ofType('boolean') })
  const { folder = 'dvclive', dvcYaml = true, timestamps = false } = options
  assertSafeKey(folder, 'the folder of writeDvclive')
  const run = await backend.getRun(runId)
  const keys: string[] = []
  const put = async (key: string, content: string | Uint8Array): Promise<void> => {
    await storage.put(key, typeof content === 'string' ? utf8(content) : content)
    keys.push(key)
  }
  const metricNames = Object.keys(run.metrics).sort()
  // Names become files here, which not every backend asks of them.
  for (const name of metricNames) assertRunKey(name, 'metric')
  const images = await imagesOf(backend, runId, folder)
  const params = Object.entries(run.params).sort(([a], [b]) => (a < b ? -1 : 1))
  if (params.length > 0) {
    await put(`${folder}/params.yaml`, toYaml(nested(params.map(([key, text]) => [key.replaceAll('.', '/'), plain(text)]))))
  }
  const step = Math.max(0, ...Object.values(run.metrics).map((point) => point.step))
  const last = nested(metricNames.map((name) => [name, run.metrics[name]?.value as number]))
  await put(`${folder}/metrics.json`, `${pythonJson({ ...last, step })}\n`)
  for (const name of metricNames) {
    const leaf = metricNames.some((other) => other.startsWith(`${name}/`)) ? `${name}/value` : name
    await put(`${folder}/plots/metrics/${leaf}.tsv`, historyText(leaf, await wholeHistory(backend, runId, name), timestamps))
  }
  for (const [target, path] of images) await put(target, await backend.getArtifact({ runId }, path))
  if (dvcYaml) await put('dvc.yaml', dvcYamlText(folder, params.length > 0, metricNames.length > 0, images.size > 0))
  return { keys }
}

/** Rows in the order of logging; the column bears the last part of the name. */
function historyText(name: string, points: readonly MetricPoint[], timestamps: boolean): string {
  const head = [...(timestamps ? ['timestamp'] : []), 'step', name.slice(name.lastIndexOf('/') + 1)]
  const rows = points.map(({ step, timestamp, value }) => [...(timestamps ? [timestamp] : []), step, pythonNumber(value)])
  return `${[head, ...rows].map((cells) => cells.join('\t')).join('\n')}\n`
}

/**
 * Where each image goes, with the artifact it is: `images/<key>+step+<n>+timestamp+<ms>+<id>.png` of MLflow; of several images of one step
 * the last one stays. @throws InvalidArgument
 */
async function imagesOf(backend: TrackerBackend, runId: string, folder: string): Promise<Map<string, string>> {
  const shape = /^images\/(.+)\+step\+(\d+)\+timestamp\+(\d+)\+[^+]+\.png$/
  const found = (await backend.listArtifacts({ runId }, 'images'))
    .map(({ path }) => ({ path, parts: shape.exec(path) }))
    .filter(({ parts }) => parts !== null)
    .sort((a, b) => Number(a.parts?.[3]) - Number(b.parts?.[3]))
  const last = new Map(
    found.map(({ path, parts }) => [`${folder}/plots/images/${parts?.[1]?.replace(/[~#]/g, '/')}/${parts?.[2]}.png`, path]),
  )
  // What stood for a slash may now begin a way out.
  for (const target of last.keys()) assertSafeKey(target, 'the place of an image')
  return last
}

function dvcYamlText(folder: string, hasParams: boolean, hasMetrics: boolean, hasImages: boolean): string {
  return toYaml({
    ...(hasParams ? { params: [`${folder}/params.yaml`] } : {}),
    metrics: [`${folder}/metrics.json`],
    ...(hasMetrics || hasImages
      ? {
          plots: [
            ...(hasMetrics ? [{ [`${folder}/plots/metrics`]: { x: 'step' } }] : []),
            ...(hasImages ? [`${folder}/plots/images`] : []),
          ],
        }
      : {}),
  })
}

function isTree(value: Json): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Names with slashes as nested objects. */
function nested(entries: readonly (readonly [string, Json])[]): Tree {
  const root: Tree = Object.create(null) as Tree
  const names = entries.map(([name]) => name)
  for (const [name, value] of entries) {
    const path = names.some((other) => other.startsWith(`${name}/`)) ? `${name}/value` : name
    const parts = path.split('/')
    let at = root
    for (const part of parts.slice(0, -1)) {
      const inner = at[part]
      if (inner !== undefined && !isTree(inner)) throw invalidArgument(`${show(name)} is both a value and a folder`)
      const next = inner ?? (Object.create(null) as Tree)
      at[part] = next
      at = next
    }
    const leaf = parts.at(-1) as string
    if (leaf in at) throw invalidArgument(`${show(name)} has no place of its own beside ${show(path)}`)
    at[leaf] = value
  }
  return root
}

/** A param's text as what it looks like: numbers, booleans, lists of JSON; anything else stays text. */
function plain(text: string): Json {
  if (!/^(?:-?\d|true$|false$|\[)/.test(text)) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? 'Infinity' : '-Infinity'
}

/** JSON as DVCLive writes it: four spaces, and Python's words for what is no number. */
function pythonJson(value: Tree | Json, pad = ''): string {
  if (typeof value === 'number') return pythonNumber(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${pad}    `
  const members = Object.entries(value).map(([name, member]) => `${inner}${JSON.stringify(name)}: ${pythonJson(member ?? null, inner)}`)
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${pad}}`
}
