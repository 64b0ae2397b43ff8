/** All files of a deployment at once. */
import { checkOptions, ofType } from '../core/options'
import { type ComposeOptions, compose } from './compose'
import { dockerfile } from './dockerfile'
import { type GithubWorkflowOptions, githubWorkflow } from './github-workflow'
import { type InferenceServiceOptions, inferenceService } from './kserve'
import { type KubernetesOptions, kubernetes } from './kubernetes'
import type { DeployService, FileSet } from './service'

/** Options of {@link deploymentFiles}: those of each generator; `false` leaves its files out. */
export interface DeploymentFilesOptions {
  readonly compose?: ComposeOptions | false | undefined
  readonly kubernetes?: KubernetesOptions | false | undefined
  /** @default false */
  readonly kserve?: InferenceServiceOptions | false | undefined
  readonly github?: GithubWorkflowOptions | false | undefined
}

/**
 * Every file that a service needs to be shipped: Dockerfile, Compose with Prometheus and Grafana, Kubernetes, GitHub Actions, and KServe if asked for.
 *
 * @throws InvalidArgument
 *
 * @example
 * for (const [path, text] of Object.entries(deploymentFiles({ name: 'flights' }))) {
 *   await mkdir(dirname(path), { recursive: true })
 *   await writeFile(path, text)
 * }
 */
export function deploymentFiles(service: DeployService, options: DeploymentFilesOptions = {}): FileSet {
  const isPart = { allowed: 'an object of options, or false', test: (value: unknown) => value === false || ofType('object').test(value) }
  checkOptions('deploymentFiles', options, { compose: isPart, kubernetes: isPart, kserve: isPart, github: isPart })
  const { compose: composed = {}, kubernetes: cluster = {}, kserve = false, github = {} } = options
  return {
    ...dockerfile(service),
    ...(composed === false ? {} : compose(service, composed)),
    ...(cluster === false ? {} : kubernetes(service, cluster)),
    ...(kserve === false ? {} : inferenceService(service, kserve)),
    ...(github === false ? {} : githubWorkflow(service, github)),
  }
}
