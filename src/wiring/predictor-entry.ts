/** `millwright/predictor`: load, check, batch, cache, limits, prediction events. */
export * from '../predictor'
/** The class with nothing bound: `load` needs `runtimes`. For bundles that must hold no runtime but the ones they name. */
export { Predictor as BarePredictor } from '../predictor/predictor'
export { defaultRuntimes, Predictor, type PredictorLoadOptions } from './predictor'
