/** Models that another tool stored, as MLflow's file `MLmodel` describes them. Loaded only for such models. */
import { fromUtf8 } from '../core/bytes'
import { parseYaml } from '../core/yaml-read'
import { signatureFromMlflow } from '../schema/signature'
import type { ModelManifest } from './manifest'
import { unknownManifest } from './manifest'

/** Flavor and signature of a model that MLflow wrote; no digests. @throws Corrupt, Unsupported (nested types in the signature) */
export function manifestFromMlmodel(bytes: Uint8Array, subject: string): ModelManifest {
  const model = asRecord(parseYaml(fromUtf8(bytes), subject))
  const flavors = Object.keys(asRecord(model.flavors))
  const flavor = flavors.includes('onnx') ? 'onnx' : (flavors.find((name) => name !== 'python_function') ?? flavors[0])
  const { inputs, outputs } = asRecord(model.signature)
  const signature = signatureFromMlflow({ inputs: textOf(inputs), outputs: textOf(outputs) })
  return { ...unknownManifest(), flavor: flavor ?? 'unknown', signature }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
