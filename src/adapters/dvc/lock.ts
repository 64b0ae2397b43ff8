/** The text of a `dvc.lock`: one stage is replaced, every other stays as it was written. */
import { MillwrightError } from '../../core/errors'
import type { Json } from '../../core/json'
import { parseYamlStrings } from '../../core/yaml-read'
import { toYaml } from '../../core/yaml-write'
import { fieldsOf } from './pointers'

/** A dependency or output as `dvc.lock` says it. */
export interface LockEntry {
  readonly path: string
  /** MD5, with `.dir` for a folder. */
  readonly md5: string
  readonly size: number
  readonly fileCount: number | undefined
  readonly isExecutable: boolean
}

/** What is recorded of a stage. */
export interface LockedStage {
  readonly cmd: string | readonly string[]
  readonly deps: readonly LockEntry[]
  /** File → key → value, the keys as the stage names them. */
  readonly params: ReadonlyMap<string, Readonly<Record<string, Json>>>
  readonly outs: readonly LockEntry[]
}

/**
 * The text with a stage recorded. A new stage comes last, as DVC puts it.
 *
 * @param before the text that is there
 * @throws Corrupt when it is not a lock; Unsupported for the layout of DVC 1
 */
export function writeLock(before: string | undefined, name: string, stage: LockedStage, subject: string): string {
  const block = indented(toYaml({ [name]: recordOf(stage) }))
  if (before === undefined || before.trim() === '') return `schema: '2.0'\nstages:\n${block}`
  const document = fieldsOf(parseYamlStrings(before, subject), subject)
  if (document.schema !== '2.0') {
    throw new MillwrightError('Unsupported', `${subject} is not of schema 2.0, which this release writes`, { hint: 'run `dvc commit`' })
  }
  const stages = fieldsOf(document.stages, `${subject}: \`stages\``)
  const wanted = { ...stages, ...fieldsOf(parseYamlStrings(block, subject), subject) }
  const spliced = splice(before, name, block)
  if (spliced !== undefined && sameStages(spliced, wanted, subject)) return spliced
  // Not as DVC lays it out: everything is written anew, values as they were read.
  throw new MillwrightError('Unsupported', `${subject} is not laid out as DVC writes it`, {
    hint: 'run `dvc commit`, which writes it anew',
  })
}

function recordOf({ cmd, deps, params, outs }: LockedStage): Json {
  return {
    cmd,
    ...(deps.length === 0 ? {} : { deps: entriesOf(deps) }),
    ...(params.size === 0 ? {} : { params: Object.fromEntries(sortedParams(params)) }),
    ...(outs.length === 0 ? {} : { outs: entriesOf(outs) }),
  }
}

function entriesOf(entries: readonly LockEntry[]): Json {
  return [...entries]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, md5, size, fileCount, isExecutable }) => ({
      path,
      hash: 'md5',
      md5,
      size,
      ...(fileCount === undefined ? {} : { nfiles: fileCount }),
      ...(isExecutable ? { isexec: true } : {}),
    }))
}

/** `params.yaml` first, then the other files in order; the keys in order too. */
function sortedParams(params: LockedStage['params']): [string, Json][] {
  const rank = (file: string): string => (file === 'params.yaml' ? '' : file)
  return [...params]
    .sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
    .map(([file, values]) => [file, Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))])
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

/** Replaces the lines of a stage of the block mapping `stages`, or adds them at its end; `undefined` where the text is laid out otherwise. */
function splice(text: string, name: string, block: string): string | undefined {
  const lines = text.replace(/\n*$/, '\n').split('\n').slice(0, -1)
  const start = lines.findIndex((line) => /^stages:\s*$/.test(line))
  if (start < 0) return undefined
  let end = start + 1
  while (end < lines.length && /^( |$|#)/.test(lines[end] as string)) end++
  const heads = lines.slice(start + 1, end).flatMap((line, i) => (/^ {2}[^ #-]/.test(line) ? [start + 1 + i] : []))
  const own = heads.find((at) => keyOfLine(lines[at] as string) === name)
  const [from, to] = own === undefined ? [end, end] : [own, heads[heads.indexOf(own) + 1] ?? end]
  return `${[...lines.slice(0, from), block.trimEnd(), ...lines.slice(to)].join('\n')}\n`
}

function keyOfLine(line: string): string | undefined {
  try {
    return Object.keys(fieldsOf(parseYamlStrings(line.replace(/:\s*(#.*)?$/, ':'), ''), ''))[0]
  } catch {
    return undefined
  }
}

function sameStages(text: string, wanted: Readonly<Record<string, unknown>>, subject: string): boolean {
  try {
    const stages = fieldsOf(fieldsOf(parseYamlStrings(text, subject), subject).stages, subject)
    return JSON.stringify(stages) === JSON.stringify(wanted)
  } catch {
    return false
  }
}
