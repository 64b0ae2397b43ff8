/** A KServe InferenceService. */
import { checkOptions, finiteNumber, nonEmptyString, oneOf, wholeNumber } from '../core/options'
import { toYaml } from '../core/yaml-write'
import { containerOf, podOf } from './pod'
import { type DeployService, type FileSet, generatedBy, METRICS_PATH, resolveService } from './service'

/** Options of {@link inferenceService}. */
export interface InferenceServiceOptions {
  /** @default 'default' */
  readonly namespace?: string | undefined
  /** `Standard` runs a Deployment, `Knative` can scale to zero. @default 'Standard' */
  readonly mode?: 'Standard' | 'Knative' | undefined
  /** The PersistentVolumeClaim with the models, unless they are baked in. @default '<name>-models' */
  readonly modelClaim?: string | undefined
  /** Seconds that a request may take. @default 60 */
  readonly timeoutSeconds?: number | undefined
  /** With the mode `Knative`: the share of calls, in percent, that the newest revision gets. @default all */
  readonly canaryTrafficPercent?: number | undefined
}

/** KServe sends requests to this port of the container of this name. */
const KSERVE_PORT = 8080
const KSERVE_CONTAINER = 'kserve-container'

/**
 * `kserve/inferenceservice.yaml`: the service in a container of its own, which speaks the Open Inference Protocol v2 as `serve` does.
 *
 * @throws InvalidArgument
 */
export function inferenceService(service: DeployService, options: InferenceServiceOptions = {}): FileSet {
  const resolved = resolveService('inferenceService', service)
  checkOptions('inferenceService', options, {
    namespace: nonEmptyString(),
    mode: oneOf('Standard', 'Knative'),
    modelClaim: nonEmptyString(),
    timeoutSeconds: wholeNumber(1),
    canaryTrafficPercent: finiteNumber(0, 100),
  })
  const { namespace = 'default', mode = 'Standard', timeoutSeconds = 60, canaryTrafficPercent } = options
  const { name, replicas } = resolved
  const { terminationGracePeriodSeconds, ...pod } = podOf(resolved, options.modelClaim ?? `${name}-models`)
  const { lifecycle, startupProbe, ...container } = containerOf(resolved, KSERVE_CONTAINER, KSERVE_PORT)
  // Knative allows neither hooks nor startup probes, names the port itself, and has its own grace period.
  const probe = (path: string) => ({ httpGet: { path, port: KSERVE_PORT } })
  const knative = {
    ...container,
    ports: [{ name: 'http1', containerPort: KSERVE_PORT, protocol: 'TCP' }],
    livenessProbe: { ...container.livenessProbe, ...probe(container.livenessProbe.httpGet.path) },
    readinessProbe: { ...container.readinessProbe, ...probe(container.readinessProbe.httpGet.path) },
  }
  const standard = { ...container, lifecycle, startupProbe }
  const manifest = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'millwright' },
      annotations: {
        'serving.kserve.io/deploymentMode': mode,
        'prometheus.kserve.io/port': String(KSERVE_PORT),
        'prometheus.kserve.io/path': METRICS_PATH,
      },
    },
    spec: {
      predictor: {
        minReplicas: replicas.min,
        maxReplicas: replicas.max,
        timeout: timeoutSeconds,
        canaryTrafficPercent,
        ...pod,
        ...(mode === 'Standard' ? { terminationGracePeriodSeconds } : {}),
        containers: [mode === 'Standard' ? standard : knative],
      },
    },
  }
  return { 'kserve/inferenceservice.yaml': generatedBy(`${name} on KServe`) + toYaml(manifest) }
}
