/** Models of LightGBM: reading them, and writing ours as such. */
export { fromLightgbm } from './from-lightgbm'
export { toLightgbm } from './to-lightgbm'
