/** Compares the environment of a run with the present one. Loaded on first use. */
import * as z from 'zod/mini'
import { attachDisplay, markdownCell } from '../core/display'
import { invalidArgument, isMillwrightError, show } from '../core/errors'
import { checkOptions, ofType } from '../core/options'
import { parseStored, storedFormat } from '../core/stored'
import type { RunEnvironment } from '../ports/environment'
import { runLimits } from '../ports/run-keys'
import type { RunRecord, TrackerBackend } from '../ports/tracker-backend'
import { isTable, type Table } from '../schema/table'
import type { ReproduceOptions, Reproduction, ReproductionRow } from './reproduction'

/** The format of `environment.json`; every member may be missing. */
const environmentFormat = /* @__PURE__ */ storedFormat((): z.ZodMiniType<RunEnvironment> => {
  const text = z.optional(z.string())
  return z.looseObject({
    ...{ user: text, entryScript: text, runtime: text, runtimeVersion: text, os: text, packageName: text, packageVersion: text },
    ...{ lockfileDigest: text, gitCommit: text, gitBranch: text, gitRepoUrl: text, gitFolder: text },
    command: z.optional(z.array(z.string())),
    cpuCount: z.optional(z.number()),
    packages: z.optional(z.record(z.string(), z.string())),
    gitDirty: z.optional(z.boolean()),
  })
})

/** The artifact that holds uncommitted changes. */
const PATCH = 'uncommitted.patch'

/**
 * Compares, one row each: git commit and uncommitted changes, lockfile, packages, runtime, operating system, seed, every dataset.
 * A run that was recorded with uncommitted changes always `differs`. If they were captured, `steps` says how to restore them.
 *
 * @throws NotFound; InvalidArgument
 */
export async function reproduce(backend: TrackerBackend, runId: string, given: ReproduceOptions): Promise<Reproduction> {
  const { seed, data = {}, fingerprint, environment } = given
  checkOptions('reproduce', { seed, data }, { seed: ofType('number'), data: ofType('object') })
  const record = await backend.getRun(runId)
  const recorded = await recordedEnvironment(backend, record)
  const now = (await environment?.()) ?? {}
  const rows = [
    ...environmentRows(recorded, now),
    row('seed', record.tags['millwright.seed'], textOf(seed)),
    ...dataRows(record, data, fingerprint),
  ]
  const patched = recorded.gitDirty === true && (await hasPatch(backend, runId))
  return reproductionOf(runId, rows, stepsOf(recorded, patched))
}

/** The recorded environment: `environment.json`, or the tags where that file is missing or damaged. */
async function recordedEnvironment(backend: TrackerBackend, { runId, tags }: RunRecord): Promise<RunEnvironment> {
  try {
    return parseStored(environmentFormat, await backend.getArtifact({ runId }, 'environment.json'), 'environment.json')
  } catch (error) {
    if (!isMillwrightError(error, 'NotFound') && !isMillwrightError(error, 'Corrupt')) throw error
  }
  const [runtime, runtimeVersion] = tags['millwright.runtime']?.split(' ') ?? []
  const [, packageName, packageVersion] = /^(.+?)(?:@([^@]+))?$/.exec(tags['millwright.package'] ?? '') ?? []
  const dirty = tags['mlflow.source.git.dirty']
  return {
    runtime,
    runtimeVersion,
    packageName,
    packageVersion,
    os: tags['millwright.os'],
    entryScript: tags['mlflow.source.name'],
    lockfileDigest: tags['millwright.lockfile'],
    gitCommit: tags['mlflow.source.git.commit'],
    gitDirty: dirty === undefined ? undefined : dirty.toLowerCase() === 'true',
  }
}

async function hasPatch(backend: TrackerBackend, runId: string): Promise<boolean> {
  return (await backend.listArtifacts({ runId })).some(({ path }) => path === PATCH)
}

/** The commands that restore the recorded environment, as far as it is known. */
function stepsOf({ gitRepoUrl, gitCommit, gitFolder, lockfileDigest, runtime, command }: RunEnvironment, patched: boolean): string[] {
  const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
  const steps: string[] = []
  if (gitCommit !== undefined) {
    steps.push(
      gitRepoUrl === undefined
        ? `git checkout ${gitCommit}`
        : `git clone ${quoted(gitRepoUrl)} again && cd again && git checkout ${gitCommit}`,
    )
    if (patched) steps.push(`git apply ${PATCH}  # an artifact of the run`)
    if (gitFolder) steps.push(`cd ${quoted(gitFolder)}`)
  }
  if (lockfileDigest !== undefined && runtime === 'node') steps.push('npm ci  # or what the lockfile is of')
  if (command !== undefined && command.length > 0) steps.push([runtime ?? '', ...command.map(quoted)].join(' ').trim())
  return steps
}

function environmentRows(recorded: RunEnvironment, now: RunEnvironment): ReproductionRow[] {
  const both = (what: string, pick: (environment: RunEnvironment) => unknown): ReproductionRow =>
    row(what, textOf(pick(recorded)), textOf(pick(now)))
  const changes = both('uncommitted changes', ({ gitDirty }) => (gitDirty === undefined ? undefined : gitDirty ? 'yes' : 'none'))
  const packages = new Set([...Object.keys(recorded.packages ?? {}), ...Object.keys(now.packages ?? {})])
  return [
    both('git commit', ({ gitCommit }) => gitCommit),
    recorded.gitDirty === true ? { ...changes, verdict: 'differs' } : changes,
    both('entry script', ({ entryScript }) => entryScript),
    both('arguments', argumentsOf),
    both('package', ({ packageName, packageVersion }) => packageName && [packageName, packageVersion].filter(Boolean).join('@')),
    both('lockfile', ({ lockfileDigest }) => lockfileDigest),
    ...[...packages].sort().map((name) => packageRow(name, recorded.packages, now.packages)),
    both('runtime', ({ runtime, runtimeVersion }) => runtime && [runtime, runtimeVersion].filter(Boolean).join(' ')),
    both('operating system', ({ os }) => os),
    both('processors', ({ cpuCount }) => cpuCount),
  ]
}

/** The arguments of the script. */
function argumentsOf({ command, entryScript }: RunEnvironment): string | undefined {
  const at = command?.indexOf(entryScript ?? '') ?? -1
  return at === -1 ? undefined : command?.slice(at + 1).join(' ')
}

/** Both sides list packages and only one lists this one: the other does not have it, so this is a difference and not unknown. */
function packageRow(name: string, recorded: RunEnvironment['packages'], now: RunEnvironment['packages']): ReproductionRow {
  const version = (packages: RunEnvironment['packages']): string | undefined =>
    packages === undefined ? undefined : Object.hasOwn(packages, name) ? packages[name] : 'not there'
  return row(`package ${name}`, version(recorded), version(now))
}

function dataRows(
  { datasets }: RunRecord,
  data: Readonly<Record<string, Table | string>>,
  fingerprint: ((table: Table) => string) | undefined,
): ReproductionRow[] {
  const recorded = datasets.map(({ name, digest, context }) => {
    const given = Object.hasOwn(data, name) ? data[name] : undefined
    return row(`data ${name}${context === undefined ? '' : ` (${context})`}`, digest, digestOf(name, given, fingerprint))
  })
  const extra = Object.entries(data).filter(([name]) => !datasets.some((dataset) => dataset.name === name))
  return [...recorded, ...extra.map(([name, given]) => row(`data ${name}`, undefined, digestOf(name, given, fingerprint)))]
}

function digestOf(
  name: string,
  given: Table | string | undefined,
  fingerprint: ((table: Table) => string) | undefined,
): string | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'string') return given.slice(0, runLimits.digest)
  if (!isTable(given)) throw invalidArgument(`reproduce: data ${show(name)} must be a table or its digest, got ${show(given)}`)
  if (fingerprint === undefined) {
    throw invalidArgument(`reproduce: data ${show(name)} needs a digest`, { hint: 'pass { fingerprint } or the digest itself' })
  }
  return fingerprint(given).slice(0, runLimits.digest)
}

function row(what: string, recorded: string | undefined, now: string | undefined): ReproductionRow {
  const known = recorded !== undefined && now !== undefined
  return { what, recorded, now, verdict: known ? (recorded === now ? 'same' : 'differs') : 'unknown' }
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value)
}

function reproductionOf(runId: string, all: readonly ReproductionRow[], steps: readonly string[]): Reproduction {
  // A row that is unknown on both sides is left out.
  const rows = all.filter(({ recorded, now }) => recorded !== undefined || now !== undefined)
  const differences = rows.filter(({ verdict }) => verdict === 'differs')
  const unknown = rows.filter(({ verdict }) => verdict === 'unknown').length
  const head = `Run ${runId}: ${differences.length} of ${rows.length} differ${unknown === 0 ? '' : `, ${unknown} unknown`}`
  const reproduction: Reproduction = {
    runId,
    rows,
    differences,
    same: rows.length > 0 && rows.every(({ verdict }) => verdict === 'same'),
    steps,
    toString: () =>
      [head, textTable(rows), ...(steps.length === 0 ? [] : ['To have it again:', ...steps.map((step) => `  ${step}`)])].join('\n'),
  }
  attachDisplay(reproduction, {
    text: () => reproduction.toString(),
    markdown: () =>
      [
        head,
        '',
        '| | recorded | now | |',
        '| --- | --- | --- | --- |',
        ...rows.map(
          ({ what, recorded, now, verdict }) => `| ${[what, recorded ?? '', now ?? '', verdict].map(markdownCell).join(' | ')} |`,
        ),
      ].join('\n'),
  })
  return reproduction
}

const SIGNS = { same: ' ', differs: '≠', unknown: '?' } as const

function textTable(rows: readonly ReproductionRow[]): string {
  const cells = rows.map(({ what, recorded = '–', now = '–', verdict }) => [SIGNS[verdict], what, clipped(recorded), clipped(now)])
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((cell) => cell[column]?.length ?? 0), 0))
  const head = ['', '', 'recorded', 'now']
  return [head, ...cells]
    .map((cell) =>
      cell
        .map((text, column) => text.padEnd(column === 3 ? 0 : Math.max(widths[column] ?? 0, head[column]?.length ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function clipped(text: string): string {
  return text.length > 48 ? `${text.slice(0, 45)}…` : text
}
