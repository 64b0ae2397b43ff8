/** Models of XGBoost: reading them, and writing ours as such. */
export { fromXgboost } from './from-xgboost'
export type { ToXgboostOptions } from './to-xgboost'
export { toXgboost } from './to-xgboost'
