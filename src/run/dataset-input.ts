/** Data that a run used, as MLflow records it: name, digest, source, schema, size. */
import { invalidArgument, show } from '../core/errors'
import { ofType } from '../core/options'
import { assertText, runLimits } from '../ports/run-keys'
import type { DatasetInput } from '../ports/tracker-backend'
import type { ColumnSpec } from '../schema/signature'
import { signatureToMlflow } from '../schema/signature'
import { isTable, type Table } from '../schema/table'

/** A description of data that is not a table in memory. */
export interface DatasetDescription {
  readonly name: string
  /** Content digest; only the first 36 characters are recorded. Give either `digest` or `fingerprint`. */
  readonly digest?: string | undefined
  readonly fingerprint?: string | undefined
  readonly numRows?: number | undefined
  readonly schema?: readonly ColumnSpec[] | undefined
  /** Where it came from: a path or a URL. */
  readonly source?: string | undefined
}

/** Options of `run.logInput`. */
export interface LogInputOptions {
  /** What it was used for: `training`, `validation`, `test`, … */
  readonly context?: string | undefined
  /** @default the description's name, or 'dataset' */
  readonly name?: string | undefined
  /** Content digest of a table: `fingerprint(table)` of `millwright/dataset`. */
  readonly digest?: string | undefined
  /** Where it came from: a path or a URL. */
  readonly source?: string | undefined
}

/** Longest schema MLflow's server takes, in characters. */
const MAX_SCHEMA = 65_535

/**
 * The record of a dataset input.
 *
 * @param digestOf computes the digest of a table when `options.digest` is missing
 * @throws InvalidArgument without a digest, or with texts beyond MLflow's limits
 */
export function datasetInput(
  data: Table | DatasetDescription,
  options: LogInputOptions,
  digestOf: ((table: Table) => string) | undefined,
): DatasetInput {
  const description = isTable(data) ? describe(data) : data
  if (!ofType('object').test(description) || Array.isArray(description)) {
    throw invalidArgument(`a dataset input must be a table or a description, got ${show(data)}`)
  }
  const name = options.name ?? (description.name || 'dataset')
  const digest = options.digest ?? description.digest ?? description.fingerprint ?? (isTable(data) ? digestOf?.(data) : undefined)
  if (typeof digest !== 'string' || digest === '') {
    throw invalidArgument(`dataset ${show(name)} needs a digest, got ${show(digest)}`, { hint: 'pass { digest: fingerprint(table) }' })
  }
  assertText(name, runLimits.datasetName, 'a dataset name')
  const { sourceType, source } = sourceOf(options.source ?? description.source)
  const { schema: columns, numRows } = description
  const schema = columns === undefined ? undefined : `{"mlflow_colspec":${signatureToMlflow({ inputs: columns, outputs: [] }).inputs}}`
  return {
    name,
    digest: digest.slice(0, runLimits.digest),
    sourceType,
    source,
    ...(schema === undefined || schema.length > MAX_SCHEMA ? {} : { schema }),
    ...(numRows === undefined
      ? {}
      : { profile: JSON.stringify({ num_rows: numRows, ...(columns ? { num_elements: numRows * columns.length } : {}) }) }),
    ...(options.context === undefined ? {} : { context: options.context }),
  }
}

function describe(table: Table): DatasetDescription {
  const schema = table.columnNames.map((name): ColumnSpec => {
    const { type, nullCount } = table.column(name)
    return { name, type, required: nullCount === 0 }
  })
  const { name } = table as { name?: unknown }
  return { name: typeof name === 'string' ? name : '', numRows: table.numRows, schema }
}

/** MLflow's source types and their JSON. */
function sourceOf(source: string | undefined): { readonly sourceType: string; readonly source: string } {
  if (source === undefined) return { sourceType: 'code', source: JSON.stringify({ tags: { 'mlflow.source.type': 'LOCAL' } }) }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase()
  if (scheme === 'http' || scheme === 'https') return { sourceType: 'http', source: JSON.stringify({ url: source }) }
  const sourceType = scheme === undefined || scheme === 'file' ? 'local' : scheme
  return { sourceType, source: JSON.stringify({ uri: source }) }
}
