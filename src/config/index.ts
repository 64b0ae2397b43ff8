/** `millwright/config`: the configuration file that teams keep beside their code. */

export type { Config, DataConfig, DeploymentConfig, ModelConfig, MonitoringConfig, TrainingConfig } from './config'
export type { Environment } from './environment'
export { configJsonSchema, type JsonSchema } from './json-schema'
export { defaultConfig, type LoadConfigOptions, loadConfig } from './load-config'
