/** `millwright/deploy`: pipelines as files of other engines. */
export { type AirflowOptions, airflowDag } from './airflow'
export type { CompileOptions, PipelineSource } from './compile'
export { type StepCommandHost, stepCommand, stepExitCodes } from './step-command'
