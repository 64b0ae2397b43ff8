/** A CycloneDX 1.7 bill of materials of a registered model: what it is made of, how well it does, what it is for. */
import { sha256Hex } from '../../core/hash'
import type { Json } from '../../core/json'
import type { ModelPackage } from '../../ports/model'
import type { ModelVersion } from '../../registry'
import type { ColumnSpec, TensorSpec } from '../../schema/signature'

/** What only people know about a model. */
export interface PassportFacts {
  /** SPDX identifiers or expressions of the model's licence: `Apache-2.0`. */
  readonly licence?: string | undefined
  /** Who made it. */
  readonly authors?: readonly string[] | undefined
  readonly useCases?: readonly string[] | undefined
  readonly users?: readonly string[] | undefined
  readonly limitations?: readonly string[] | undefined
  readonly tradeoffs?: readonly string[] | undefined
  /** Risk → what is done about it. */
  readonly ethicalConsiderations?: Readonly<Record<string, string>> | undefined
}

/** JSON with members. */
type JsonObject = { readonly [key: string]: Json | undefined }

/** What the bill is made of. */
export interface MlBomInput {
  readonly version: ModelVersion
  readonly model: ModelPackage
  readonly facts: PassportFacts
}

/** The bill as JSON. Equal versions and facts give equal bills: the serial number is made of the digests, and the time is that of the registration. */
export function mlBom({ version, model, facts }: MlBomInput): JsonObject {
  const ref = `model:${version.name}@${version.version}`
  const { dataset } = version.lineage
  const dataRef = `data:${dataset?.fingerprint ?? ''}`
  const data = dataset && {
    ...{ type: 'data', 'bom-ref': dataRef, name: dataset.name ?? 'training data' },
    data: [
      { type: 'dataset', name: dataset.name ?? 'training data', contents: { properties: [property('fingerprint', dataset.fingerprint)] } },
    ],
  }
  const files = Object.entries(model.files).map(([path, bytes]) => ({
    ...{ type: 'file', 'bom-ref': `file:${path}`, name: path },
    hashes: [{ alg: 'SHA-256', content: sha256Hex(bytes) }],
  }))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    serialNumber: `urn:uuid:${uuidOf(sha256Hex(JSON.stringify([ref, version.digest, files, facts])))}`,
    version: 1,
    metadata: {
      timestamp: new Date(version.createdAt).toISOString(),
      tools: { components: [{ type: 'application', name: 'millwright' }] },
      component: component(version, model, facts, { ref, dataRef: dataset === undefined ? undefined : dataRef }),
    },
    components: [...files, ...(data === undefined ? [] : [data])],
    dependencies: [{ ref, dependsOn: [...files.map((file) => file['bom-ref']), ...(data === undefined ? [] : [dataRef])] }],
  }
}

interface References {
  readonly ref: string
  readonly dataRef: string | undefined
}

function component(version: ModelVersion, model: ModelPackage, facts: PassportFacts, { ref, dataRef }: References): JsonObject {
  const { licence, authors = [] } = facts
  const properties = [
    property('flavor', version.flavor),
    ...(version.runId === undefined ? [] : [property('run', version.runId)]),
    ...(model.target === undefined ? [] : [property('target', model.target)]),
    ...(model.classes === undefined ? [] : [property('classes', JSON.stringify(model.classes))]),
    // The tag `passport` is about this bill.
    ...Object.entries(version.tags).flatMap(([name, value]) => (name === 'passport' ? [] : [property(`tag:${name}`, value)])),
  ]
  return {
    ...{ type: 'machine-learning-model', 'bom-ref': ref, name: version.name, version: version.version },
    ...(version.description === '' ? {} : { description: version.description }),
    ...(authors.length === 0 ? {} : { authors: authors.map((name) => ({ name })) }),
    // An expression needs no list of known identifiers, and every identifier is one.
    ...(licence === undefined ? {} : { licenses: [{ expression: licence }] }),
    ...(version.digest === '' ? {} : { hashes: [{ alg: 'SHA-256', content: version.digest }] }),
    modelCard: modelCard(version, model, facts, dataRef),
    properties,
  }
}

function modelCard(version: ModelVersion, model: ModelPackage, facts: PassportFacts, dataRef: string | undefined): JsonObject {
  const learner = model.metadata?.algorithm ?? model.metadata?.learner
  const metrics = Object.entries(version.metrics).filter(([, value]) => Number.isFinite(value))
  return {
    modelParameters: {
      ...(version.task === 'other' ? {} : { approach: { type: 'supervised' }, task: version.task }),
      ...(typeof learner === 'string' ? { architectureFamily: learner } : {}),
      ...(dataRef === undefined ? {} : { datasets: [{ ref: dataRef }] }),
      inputs: formats(version.signature.inputs),
      outputs: formats(version.signature.outputs),
    },
    ...(metrics.length === 0
      ? {}
      : { quantitativeAnalysis: { performanceMetrics: metrics.map(([type, value]) => ({ type, value: String(value) })) } }),
    ...considerations(facts),
  }
}

function considerations({ useCases, users, limitations, tradeoffs, ethicalConsiderations = {} }: PassportFacts): JsonObject {
  const ethical = Object.entries(ethicalConsiderations).map(([name, mitigationStrategy]) => ({ name, mitigationStrategy }))
  const given = {
    ...{ useCases, users, technicalLimitations: limitations, performanceTradeoffs: tradeoffs },
    ethicalConsiderations: ethical.length === 0 ? undefined : ethical,
  }
  const present = Object.entries(given).filter(([, value]) => value !== undefined && value.length > 0)
  return present.length === 0 ? {} : { considerations: Object.fromEntries(present) }
}

/** `celsius: float64`, `image: float32[-1, 3, 224, 224]` */
function formats(side: readonly (ColumnSpec | TensorSpec)[]): { readonly format: string }[] {
  return side.map((spec) => ({ format: `${spec.name}: ${'dtype' in spec ? `${spec.dtype}[${spec.shape.join(', ')}]` : spec.type}` }))
}

function property(name: string, value: string): { readonly name: string; readonly value: string } {
  return { name: `millwright:${name}`, value }
}

/** A UUID of version 8 (RFC 9562: made by the application) from the digits of a digest. */
function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex[16] as string, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
