/** Encodes models, for steps whose output is a model. */
import type { Awaitable } from '../core/awaitable'
import { MillwrightError } from '../core/errors'
import type { ModelPackage, PackableModel } from '../ports/model'
import { type Codec, valueCodec } from './codec'

/**
 * A codec for models that pack themselves: fitted models and chains of `millwright/learn`, imported ONNX files.
 *
 * @param restore makes the model of its package: `restoreModel` of `millwright/learn` for fitted ones
 *
 * @example
 * new Pipeline('daily').step('train', { run: train, cache: true, codec: modelCodec(restoreModel) })
 */
export function modelCodec<M extends PackableModel>(restore: (packed: ModelPackage) => Awaitable<M>): Codec<M> {
  const values = valueCodec()
  return {
    encode: async (model) => values.encode({ ...(await model.pack()) }),
    async decode(bytes) {
      const packed = (await values.decode(bytes)) as ModelPackage | null
      if (typeof packed?.flavor === 'string' && typeof packed.files === 'object') return restore(packed)
      throw new MillwrightError('Corrupt', 'a stored model cannot be read')
    },
  }
}
