/** Helpers that the checks of registry backends share. */
import { utf8 } from '../core/bytes'
import type { ModelPackage } from '../ports/model'
import type { RegistryBackend } from '../ports/registry-backend'
import { ModelRegistry } from '../registry/registry'
import type { Check, CheckContext } from './check'

/** A check of a registry backend, called through a `ModelRegistry`. */
export function registryCheck(
  name: string,
  run: (registry: ModelRegistry, context: CheckContext<RegistryBackend>) => Promise<void>,
  requires: readonly string[] = [],
): Check<RegistryBackend> {
  return { name, requires, run: (context) => run(new ModelRegistry({ backend: context.subject }), context) }
}

/** A package to register. Its files depend on `content`. */
export function modelPackage(content: string): ModelPackage {
  return {
    flavor: 'checks',
    task: 'classification',
    classes: ['no', 'yes'],
    signature: {
      inputs: [
        { name: 'größe', type: 'float64', required: false },
        { name: 'kind', type: 'string', required: true, categories: ['a', 'b'] },
      ],
      outputs: [{ name: 'prediction', type: 'string', required: true }],
    },
    files: { 'model.json': utf8(content), 'deep/weights.bin': Uint8Array.from({ length: 300 }, (_, i) => i) },
    metadata: { note: content },
  }
}
