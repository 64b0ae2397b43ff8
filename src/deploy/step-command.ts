/** The command that an engine starts for one step of a pipeline. */
import { utf8 } from '../core/bytes'
import { invalidArgument, isMillwrightError, show } from '../core/errors'
import { parseJson } from '../core/json'
import { requireMethods, requireOptions } from '../core/options'
import { parseYaml } from '../core/yaml-read'
import { isWorthRetrying, type Pipeline, type SecretSource } from '../pipeline'
import type { ObjectStore } from '../ports/object-store'
import { executorOutput, withExecutorInput } from './executor-input'
import { folderStore } from './folder-store'
import { type StepCommandArguments, stepArguments, stepUsage } from './step-arguments'

/** What a step's command needs of the machine it runs on. */
export interface StepCommandHost {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The storage of the run; not needed with `--out`. */
  readonly storage?: ObjectStore | undefined
  /** @default environment variables of the secrets' names */
  readonly secrets?: SecretSource | undefined
  readonly openFolder: (path: string) => ObjectStore
  readonly readFile: (path: string) => Promise<string>
  readonly writeFile: (path: string, bytes: Uint8Array) => Promise<void>
  /** Receives the result, one line of JSON: standard output. */
  readonly print: (line: string) => void
  /** Receives messages: standard error. */
  readonly log: (line: string) => void
  readonly signal?: AbortSignal | undefined
}

/** What a step's command ends with. */
export const stepExitCodes = { done: 0, failed: 1, usage: 2, again: 75, skipped: 99 } as const

/** A pipeline as a step's command needs it. */
export type StepPipeline = Pick<Pipeline<unknown, unknown, object, string>, 'name' | 'runStep' | 'graph'>

/**
 * Runs one step and prints its result as one line of JSON. `--help` tells the arguments and the steps.
 *
 * @returns the exit code: 0 done (also skipped, unless `--skip-exit` names another), 1 failed, 2 wrong arguments, 75 failed and the engine
 *   may try again (with `--attempt`)
 * @throws InvalidArgument for a pipeline or a host that is none
 */
export async function stepCommand(pipeline: StepPipeline, host: StepCommandHost): Promise<number> {
  requireMethods('stepCommand', 'a Pipeline', pipeline, ['runStep', 'graph'])
  requireOptions('stepCommand', host, ['argv', 'env', 'openFolder', 'readFile', 'writeFile', 'print', 'log'])
  if (host.argv.includes('--help')) {
    const steps = pipeline.graph().nodes.map(({ name }) => show(name))
    host.print(`${stepUsage}\nsteps of pipeline ${show(pipeline.name)}: ${steps.join(', ')}`)
    return stepExitCodes.done
  }
  let args: StepCommandArguments
  try {
    args = withExecutorInput(stepArguments(host.argv))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    host.log(isMillwrightError(error) && error.hint !== undefined ? `${message}\n${error.hint}` : message)
    return stepExitCodes.usage
  }
  try {
    return await runStep(pipeline, host, args)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    host.log(`step ${show(args.step)} of pipeline ${show(pipeline.name)} failed: ${message}`)
    host.print(JSON.stringify({ step: args.step, index: args.index, status: 'failed', error: { message } }))
    return args.attempt !== undefined && isWorthRetrying(error) ? stepExitCodes.again : stepExitCodes.failed
  }
}

async function runStep(pipeline: StepPipeline, host: StepCommandHost, args: StepCommandArguments): Promise<number> {
  const { step, index, attempt, seed, concurrency, out } = args
  const request = {
    ...{
      step,
      index,
      attempt,
      seed,
      concurrency,
      runId: safeRunId(args.run),
      input: await inputOf(host, args),
      params: await paramsOf(host, args),
    },
    missing: args.missing,
  }
  const storage = out === undefined ? host.storage : folderStore({ out: host.openFolder(out), needs: args.in.map(host.openFolder) })
  const secrets = host.secrets ?? ((name: string) => host.env[name])
  const options = { storage, secrets, signal: host.signal, onLog: host.log, ...(out === undefined ? {} : { cache: false }) }
  const result = await pipeline.runStep(request, options)
  const { status, digest, reason, error, attempts, length } = result
  if (args.indexes !== undefined) {
    await host.writeFile(args.indexes, utf8(JSON.stringify(Array.from({ length: length ?? 0 }, (_, position) => position))))
  }
  if (args.executorOutput !== undefined) await host.writeFile(args.executorOutput.file, utf8(executorOutput(args.executorOutput, result)))
  if (error !== undefined) host.log(`step ${show(step)} of pipeline ${show(pipeline.name)}: ${error.message}`)
  host.print(JSON.stringify({ step, index, status, digest, length, attempts, reason, error }))
  return status === 'failed' ? stepExitCodes.failed : status === 'skipped' ? args.skipExit : stepExitCodes.done
}

async function inputOf(host: StepCommandHost, args: StepCommandArguments): Promise<unknown> {
  const text = args.input ?? host.env.MILLWRIGHT_INPUT
  return text === undefined ? undefined : parseJson(text, 'the input')
}

/** Parameters: of a file, of the environment, of `--params` (or the engine's own form), of `--param`; each later one takes precedence. */
async function paramsOf(host: StepCommandHost, args: StepCommandArguments): Promise<Record<string, unknown>> {
  const file = args.paramsFile === undefined ? {} : parseYaml(await host.readFile(args.paramsFile), args.paramsFile)
  const texts = [host.env.MILLWRIGHT_PARAMS, args.params].filter((text) => text !== undefined && text !== '' && text !== 'null')
  const objects = [file ?? {}, ...texts.map((text) => parseJson(text as string, 'the parameters'))]
  for (const each of objects) {
    if (typeof each !== 'object' || each === null || Array.isArray(each))
      throw invalidArgument(`the parameters must be an object by name, got ${show(each)}`)
  }
  return Object.assign({}, ...objects, Object.fromEntries(args.param.map(namedParam)))
}

/** `depth=3`: the value as JSON, or as text where it is none. */
function namedParam(text: string): [string, unknown] {
  const at = text.indexOf('=')
  if (at < 1) throw invalidArgument(`--param takes name=value, got ${show(text)}`)
  const value = text.slice(at + 1)
  try {
    return [text.slice(0, at), JSON.parse(value)]
  } catch {
    return [text.slice(0, at), value]
  }
}

/** Run ids of engines hold colons and the like, which a file name may not. */
function safeRunId(run: string): string {
  return run.replace(/[^\w.-]/g, '_')
}
