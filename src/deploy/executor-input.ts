/** What Kubeflow Pipelines gives a task, as arguments of a step's command. */
import * as z from 'zod/mini'
import { invalidArgument } from '../core/errors'
import { parseJson } from '../core/json'
import type { EngineStepResult } from '../pipeline'
import type { StepCommandArguments } from './step-arguments'

/** The part of Kubeflow's ExecutorInput that is read. */
function executorInputSchema() {
  const artifacts = z.optional(
    z.record(
      z.string(),
      z.looseObject({ artifacts: z.optional(z.array(z.looseObject({ name: z.optional(z.string()), uri: z.string() }))) }),
    ),
  )
  return z.looseObject({
    inputs: z.optional(z.looseObject({ parameterValues: z.optional(z.record(z.string(), z.any())), artifacts })),
    outputs: z.looseObject({
      artifacts,
      outputFile: z.optional(z.string()),
      parameters: z.optional(z.record(z.string(), z.looseObject({ outputFile: z.string() }))),
    }),
  })
}

/** The arguments with those that `--executor-input` holds; unchanged without it. @throws InvalidArgument, Corrupt */
export function withExecutorInput(args: StepCommandArguments): StepCommandArguments {
  if (args.executorInput === undefined) return args
  const parsed = executorInputSchema().safeParse(parseJson(args.executorInput, '--executor-input'))
  if (!parsed.success)
    throw invalidArgument(`--executor-input is not the input of a task of Kubeflow Pipelines: ${parsed.error.issues[0]?.message}`)
  const { inputs, outputs } = parsed.data
  const { index, ...params } = inputs?.parameterValues ?? {}
  const artifact = outputs.artifacts?.out?.artifacts?.[0]
  const out = artifact?.uri
  if (out === undefined) throw invalidArgument('--executor-input names no output artifact `out`')
  return {
    ...args,
    index: index === undefined ? args.index : Number(index),
    params: JSON.stringify(params),
    in: Object.values(inputs?.artifacts ?? {}).flatMap(({ artifacts = [] }) => artifacts.map(({ uri }) => localPath(uri))),
    out: localPath(out),
    indexes: outputs.parameters?.Output?.outputFile,
    executorOutput: outputs.outputFile === undefined ? undefined : { file: outputs.outputFile, name: artifact?.name, uri: out },
  }
}

/** Where Kubeflow mounts the store of an artifact in the container. */
function localPath(uri: string): string {
  const found = /^(gs|s3|minio):\/\/(.*)$/s.exec(uri)
  if (found === null) return uri.replace(/^file:\/\//, '')
  const mounts: Readonly<Record<string, string>> = { gs: '/gcs/', s3: '/s3/', minio: '/minio/' }
  return `${mounts[found[1] as string]}${found[2]}`
}

/** What Kubeflow reads after a task: the output artifact, with the status and the digest of the step as its metadata. */
export function executorOutput({ name, uri }: NonNullable<StepCommandArguments['executorOutput']>, result: EngineStepResult): string {
  const { status, digest, reason } = result
  const metadata = { status, ...(digest === undefined ? {} : { digest }), ...(reason === undefined ? {} : { reason }) }
  return JSON.stringify({ artifacts: { out: { artifacts: [{ ...(name === undefined ? {} : { name }), uri, metadata }] } } })
}
