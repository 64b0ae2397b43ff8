/** Finds the model of a reference and loads it. */
import { MillwrightError, show } from '../core/errors'
import { abortable } from '../core/signal'
import type { ModelRuntime, ModelSource } from '../ports/model'
import { createModelHandle, type ModelHandle } from './model-handle'
import type { Settings } from './options'
import { warmUp } from './warm-up'

/** How a loaded predictor looks up its model again. */
export interface Origin {
  readonly source: ModelSource
  readonly reference: string
  readonly runtimes: readonly ModelRuntime[]
}

/** Resolves the reference and loads the model; `undefined` when it still leads to `current`. */
export async function openModel(
  origin: Origin,
  settings: Settings,
  current: ModelHandle | undefined,
  signal: AbortSignal | undefined,
): Promise<ModelHandle | undefined> {
  const { now, input: policy, cache } = settings
  const start = now()
  const options = signal === undefined ? {} : { signal }
  // Files are read only for another version.
  const seen = current && (await abortable(origin.source.resolve?.(origin.reference) ?? Promise.resolve(undefined), signal))
  if (seen !== undefined && isSame(seen, current)) return undefined
  const found = await abortable(origin.source.openModel(origin.reference, options), signal)
  if (isSame(found, current)) return undefined
  const { flavor } = found.package
  const runtime = origin.runtimes.find(({ flavors }) => flavors.includes(flavor))
  if (runtime === undefined) {
    const known = origin.runtimes.flatMap(({ flavors }) => flavors)
    throw new MillwrightError(
      'Unsupported',
      `${found.name}@${found.version} is a model of flavor ${show(flavor)}; the runtimes given open ${known.join(', ')}`,
    )
  }
  const model = await runtime.load(found.package, options)
  const { name, version, example } = found
  try {
    await warmUp(model, { example, signal, sizes: settings.warmUp })
  } catch (error) {
    await model.dispose()
    throw error
  }
  return createModelHandle({ model, name, version, example, policy, cache, loadSeconds: (now() - start) / 1000 })
}

function isSame(found: { readonly name: string; readonly version: string }, current: ModelHandle | undefined): boolean {
  return current !== undefined && found.name === current.name && found.version === current.version
}
