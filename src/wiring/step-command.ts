/** The step's command with what Node has: arguments, environment, files. */
import { fsStorage } from '../adapters/fs/fs-storage'
import { builtin } from '../core/node-builtin'
import { checkOptions, ofType } from '../core/options'
import { type StepCommandHost, stepCommand } from '../deploy/step-command'
import type { SecretSource } from '../pipeline'
import type { ObjectStore } from '../ports/object-store'

/** Options of {@link runStepCommand}. */
export interface RunStepCommandOptions {
  /** The storage in which results meet; not needed for engines that hand over folders (DVC, Kubeflow). */
  readonly storage?: ObjectStore | undefined
  /** @default environment variables of the secrets' names */
  readonly secrets?: SecretSource | undefined
  /** @default those of the process */
  readonly argv?: readonly string[] | undefined
}

interface NodeFiles {
  readonly promises: {
    readFile(path: string, encoding: 'utf8'): Promise<string>
    writeFile(path: string, bytes: Uint8Array): Promise<void>
    mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>
  }
}

/**
 * Runs one step of a pipeline, as the program that an engine starts (see `airflowDag` and its siblings), and sets the exit code of the process.
 * The result is the last line of standard output, messages go to standard error; SIGTERM and SIGINT cancel the step.
 *
 * @example
 * // step.mjs
 * await runStepCommand(pipeline, { storage: fsStorage({ root: '/shared/mlops' }) })
 */
export async function runStepCommand(pipeline: Parameters<typeof stepCommand>[0], options: RunStepCommandOptions = {}): Promise<void> {
  checkOptions('runStepCommand', options, {
    storage: ofType('object'),
    secrets: { allowed: 'an object or a function', test: (value) => value !== null && ['object', 'function'].includes(typeof value) },
    argv: ofType('object'),
  })
  const process = builtin<NodeJS.Process>('node:process')
  const files = builtin<NodeFiles>('node:fs').promises
  const path = builtin<{ dirname(path: string): string }>('node:path')
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => controller.abort(new Error(`the step was stopped by ${name}`)))
  const host: StepCommandHost = {
    argv: options.argv ?? process.argv.slice(2),
    env: process.env,
    storage: options.storage,
    secrets: options.secrets,
    openFolder: (root) => fsStorage({ root }),
    readFile: (file) => files.readFile(file, 'utf8'),
    async writeFile(file, bytes) {
      await files.mkdir(path.dirname(file), { recursive: true })
      await files.writeFile(file, bytes)
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    log: (line) => void process.stderr.write(`${line}\n`),
    signal: controller.signal,
  }
  process.exitCode = await stepCommand(pipeline, host)
}
