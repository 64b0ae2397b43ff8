/** `millwright/deploy`: pipelines as files of other engines. */
export { type AirflowOptions, airflowDag } from './airflow'
export { type ArgoOptions, argoWorkflow } from './argo'
export type { CompileOptions, PipelineSource } from './compile'
export { type DvcFiles, type DvcYamlOptions, dvcYaml } from './dvc-yaml'
export { type GithubMatrixOptions, githubMatrix } from './github-matrix'
export { type KubeflowOptions, kubeflowPipeline } from './kubeflow'
export { type StepCommandHost, stepCommand, stepExitCodes } from './step-command'
