/** The arguments of a step's command. */
import { invalidArgument, show } from '../core/errors'

/** The arguments of a step's command, read. */
export interface StepCommandArguments {
  readonly step: string
  readonly run: string
  readonly index?: number | undefined
  readonly attempt?: number | undefined
  readonly seed?: number | undefined
  readonly concurrency?: number | undefined
  /** JSON. */
  readonly input?: string | undefined
  /** JSON: an object. */
  readonly params?: string | undefined
  readonly paramsFile?: string | undefined
  /** `name=value`. */
  readonly param: readonly string[]
  /** The folder to write to, and those of the needed steps. */
  readonly out?: string | undefined
  readonly in: readonly string[]
  /** A file for the positions of the items of a list. */
  readonly indexes?: string | undefined
  /** What Kubeflow Pipelines gives a task, as JSON: parameters, and the places of artifacts. */
  readonly executorInput?: string | undefined
  /** Where Kubeflow Pipelines reads what a task gave. */
  readonly executorOutput?: { readonly file: string; readonly name?: string | undefined; readonly uri: string } | undefined
  readonly skipExit: number
  readonly missing: 'refuse' | 'infer'
}

/** What the command takes, in one line. */
export const stepUsage =
  'usage: --step NAME --run ID [--index N] [--attempt N | --retry N] [--seed N] [--concurrency N] [--input JSON] [--params JSON] [--params-file FILE] [--param NAME=VALUE]… [--out FOLDER] [--in FOLDER]… [--indexes FILE] [--executor-input JSON] [--skip-exit CODE] [--missing refuse|infer]'

/** Reads `--name value` and `--name=value`. @throws InvalidArgument naming what is wrong */
export function stepArguments(argv: readonly string[]): StepCommandArguments {
  const found = new Map<string, string[]>()
  for (let at = 0; at < argv.length; at++) {
    const [, name, inline] = /^--([a-z-]+)(?:=([\s\S]*))?$/.exec(argv[at] as string) ?? []
    if (name === undefined || !known.includes(name))
      throw invalidArgument(`${show(argv[at])} is no argument of a step's command`, { hint: stepUsage })
    const value = inline ?? argv[++at]
    if (value === undefined) throw invalidArgument(`--${name} needs a value`, { hint: stepUsage })
    found.set(name, [...(found.get(name) ?? []), value])
  }
  const last = (name: string): string | undefined => found.get(name)?.at(-1)
  const required = (name: string): string => {
    const value = last(name)
    if (value === undefined || value === '') throw invalidArgument(`a step's command needs --${name}`, { hint: stepUsage })
    return value
  }
  const whole = (name: string, min: number): number | undefined => {
    const text = last(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < min)
      throw invalidArgument(`--${name} must be a whole number ≥ ${min}, got ${show(text)}`)
    return value
  }
  const retry = whole('retry', 0)
  const missing = last('missing') ?? 'refuse'
  if (missing !== 'refuse' && missing !== 'infer') throw invalidArgument(`--missing must be one of "refuse", "infer", got ${show(missing)}`)
  return {
    step: required('step'),
    run: required('run'),
    index: whole('index', 0),
    attempt: whole('attempt', 1) ?? (retry === undefined ? undefined : retry + 1),
    seed: whole('seed', Number.MIN_SAFE_INTEGER),
    concurrency: whole('concurrency', 1),
    input: last('input'),
    params: last('params'),
    paramsFile: last('params-file'),
    param: found.get('param') ?? [],
    out: last('out'),
    in: found.get('in') ?? [],
    indexes: last('indexes'),
    executorInput: last('executor-input'),
    skipExit: whole('skip-exit', 0) ?? 0,
    missing,
  }
}

const known = [
  ...['step', 'run', 'index', 'attempt', 'seed', 'concurrency', 'input', 'params', 'params-file', 'param', 'out', 'in', 'indexes'],
  ...['retry', 'skip-exit', 'missing', 'executor-input'],
]
