/** The record of a model version that the registry returns. */
import { attachDisplay, markdownCell } from '../core/display'
import type { ModelTask } from '../ports/model'
import type { ModelVersionRecord } from '../ports/registry-backend'
import type { ModelSignature } from '../schema/signature'
import type { Lineage, ModelManifest } from './manifest'

/** One immutable version of a registered model. A snapshot: aliases, description and tags are those at the time of reading. */
export interface ModelVersion {
  readonly name: string
  /** A whole number from 1 as text. */
  readonly version: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly runId?: string | undefined
  readonly modelId?: string | undefined
  readonly user?: string | undefined
  /** The flavor, which decides which runtime opens it; `unknown` where another tool registered the version without one. */
  readonly flavor: string
  readonly task: ModelTask
  readonly signature: ModelSignature
  readonly metrics: Readonly<Record<string, number>>
  readonly lineage: Lineage
  /** SHA-256 of the signature and files; empty where another tool registered the version. */
  readonly digest: string
  readonly sizeBytes: number
  /** URI of the files, for other tools. */
  readonly source: string
  readonly aliases: readonly string[]
  readonly description: string
  readonly tags: Readonly<Record<string, string>>
}

/** Prefix of the tags that the library sets itself. They are not shown. */
export const OWN_TAG_PREFIX = 'millwright.'
/** The tag that is written last. Where it is missing, not all tags were written, and those of the manifest are used. */
export const FINGERPRINT_TAG = `${OWN_TAG_PREFIX}fingerprint`

/** Makes the record from that of the backend and the manifest. */
export function toModelVersion(record: ModelVersionRecord, manifest: ModelManifest, aliases: readonly string[]): ModelVersion {
  const tags = Object.hasOwn(record.tags, FINGERPRINT_TAG) ? record.tags : { ...manifest.tags, ...record.tags }
  const version: ModelVersion = {
    name: record.name,
    version: record.version,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    runId: record.runId,
    modelId: record.modelId,
    user: record.user,
    flavor: manifest.flavor,
    task: manifest.task,
    signature: manifest.signature,
    metrics: manifest.metrics,
    lineage: { ...manifest.lineage, ...(record.runId === undefined ? {} : { runId: record.runId }) },
    digest: manifest.fingerprint,
    sizeBytes: manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0),
    source: record.source,
    aliases,
    description: record.description,
    tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith(OWN_TAG_PREFIX))),
  }
  attachDisplay(version, { text: () => versionLine(version) })
  return version
}

/** Adds the display as a table to a list of versions. */
export function displayVersions(versions: readonly ModelVersion[]): readonly ModelVersion[] {
  attachDisplay(versions, {
    text: () => versions.map(versionLine).join('\n') || 'no versions',
    markdown: () => {
      const rows = versions
        .slice(-20)
        .map((v) => [v.name, v.version, v.aliases.join(', '), metricsText(v), new Date(v.createdAt).toISOString()])
      return ['| model | version | aliases | metrics | created |', '| --- | --- | --- | --- | --- |']
        .concat(rows.map((cells) => `| ${cells.map(markdownCell).join(' | ')} |`))
        .join('\n')
    },
  })
  return versions
}

function versionLine(version: ModelVersion): string {
  const aliases = version.aliases.map((alias) => ` @${alias}`).join('')
  return `ModelVersion: ${version.name} ${version.version}${aliases} (${metricsText(version) || version.flavor})`
}

function metricsText({ metrics }: ModelVersion): string {
  return Object.entries(metrics)
    .slice(0, 5)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ')
}
