/** The registered model and alias behind a predictor. */
import type { Predictor } from '../predictor/predictor'

/** What a predictor was loaded by: of `flights@champion` both, of `flights@3`, `flights@latest` and `flights` the name alone, of a model in memory nothing. */
export function loadedBy({ reference = '' }: Pick<Predictor, 'reference'>): {
  readonly registered?: string | undefined
  readonly alias?: string | undefined
} {
  const [registered, target = ''] = reference.split('@')
  const isAlias = target !== '' && target.toLowerCase() !== 'latest' && !/^\d+$/.test(target)
  return { ...(registered ? { registered } : {}), ...(isAlias ? { alias: target } : {}) }
}
