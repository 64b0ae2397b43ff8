/** `millwright/deploy`: files that a team commits to ship a service. */
export { type ComposeOptions, compose } from './compose'
export { type DeploymentFilesOptions, deploymentFiles } from './deployment-files'
export { dockerfile } from './dockerfile'
export { type GithubWorkflowOptions, githubWorkflow } from './github-workflow'
export { type InferenceServiceOptions, inferenceService } from './kserve'
export { type KubernetesOptions, kubernetes } from './kubernetes'
export type { DeployService, FileSet } from './service'
