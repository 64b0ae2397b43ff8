/** `millwright/deploy`: files that a team commits to ship a service. */

/** `millwright/deploy`: pipelines as files of other engines. */
export { type AirflowOptions, airflowDag } from './airflow'
/** Files that a team commits: alert rules for Prometheus, dashboards and provisioning for Grafana. */
export { type AlertRulesOptions, prometheusRules, type ServiceLimits } from './alert-rules'
export type { CompileOptions, PipelineSource } from './compile'
export { type ComposeOptions, compose } from './compose'
export { type DeploymentFilesOptions, deploymentFiles } from './deployment-files'
export { dockerfile } from './dockerfile'
export { type DvcFiles, type DvcYamlOptions, dvcYaml } from './dvc-yaml'
export { type GithubWorkflowOptions, githubWorkflow } from './github-workflow'
export { type GrafanaDashboard, type GrafanaDashboardOptions, grafanaDashboard } from './grafana-dashboard'
export { type GrafanaProvisioningOptions, grafanaProvisioning } from './grafana-provisioning'
export { type InferenceServiceOptions, inferenceService } from './kserve'
export { type KubernetesOptions, kubernetes } from './kubernetes'
export type { DeployService, FileSet } from './service'
export { type StepCommandHost, stepCommand, stepExitCodes } from './step-command'
