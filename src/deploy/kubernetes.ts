/** Kubernetes manifests of a service. */
import type { Json } from '../core/json'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import { toYaml } from '../core/yaml-write'
import { containerOf, podOf } from './pod'
import { type DeployService, type FileSet, generatedBy, METRICS_PATH, type ResolvedService, resolveService } from './service'

/** Options of {@link kubernetes}. */
export interface KubernetesOptions {
  /** @default 'default' */
  readonly namespace?: string | undefined
  /** The PersistentVolumeClaim with the models, unless they are baked in. @default '<name>-models' */
  readonly modelClaim?: string | undefined
  /** Namespaces whose pods may call the service: label `kubernetes.io/metadata.name`. @default ['ingress-nginx', 'monitoring'] */
  readonly allowFrom?: readonly string[] | undefined
  /** Ports outside the cluster that the service may call, over TCP. DNS is always allowed. @default [443] */
  readonly allowPorts?: readonly number[] | undefined
}

/** A manifest. */
type Manifest = { readonly [key: string]: Json | undefined }

/**
 * One file for each object: ServiceAccount, Deployment (probes, restricted security, spread over nodes and zones), Service, HorizontalPodAutoscaler,
 * PodDisruptionBudget, NetworkPolicy, and a `kustomization.yaml` that lists them. `kubectl apply -k kubernetes` needs Kubernetes 1.30 or later.
 *
 * @throws InvalidArgument
 */
export function kubernetes(service: DeployService, options: KubernetesOptions = {}): FileSet {
  const resolved = resolveService('kubernetes', service)
  const isName = (value: unknown): boolean => typeof value === 'string' && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)
  checkOptions('kubernetes', options, {
    namespace: { allowed: 'the name of a namespace', test: isName },
    modelClaim: nonEmptyString(),
    allowFrom: { allowed: 'an array of names of namespaces', test: (value) => Array.isArray(value) && value.every(isName) },
    allowPorts: ofType('object'),
  })
  const objects: Readonly<Record<string, Manifest>> = {
    serviceaccount: { ...head('v1', 'ServiceAccount', resolved, options), automountServiceAccountToken: false },
    deployment: deployment(resolved, options),
    service: serviceObject(resolved, options),
    horizontalpodautoscaler: autoscaler(resolved, options),
    poddisruptionbudget: disruptionBudget(resolved, options),
    networkpolicy: networkPolicy(resolved, options),
  }
  const files = Object.entries(objects).map(([kind, object]) => [`kubernetes/${kind}.yaml`, toYaml(object)] as const)
  const resources = files.map(([path]) => path.slice('kubernetes/'.length))
  const list = { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources }
  return { 'kubernetes/kustomization.yaml': generatedBy(`${resolved.name} on Kubernetes`) + toYaml(list), ...Object.fromEntries(files) }
}

function head(apiVersion: string, kind: string, service: ResolvedService, { namespace = 'default' }: KubernetesOptions) {
  return { apiVersion, kind, metadata: { name: service.name, namespace, labels: labelsOf(service) } }
}

function selectorOf({ name }: ResolvedService) {
  return { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': name }
}

function labelsOf(service: ResolvedService) {
  return {
    ...selectorOf(service),
    'app.kubernetes.io/version': service.version.replaceAll('+', '-'),
    'app.kubernetes.io/component': 'model-server',
    'app.kubernetes.io/managed-by': 'millwright',
  }
}

function deployment(service: ResolvedService, options: KubernetesOptions): Manifest {
  const selector = selectorOf(service)
  const spread = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
    ...{ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway' },
    labelSelector: { matchLabels: selector },
  }))
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': String(service.port),
    'prometheus.io/path': METRICS_PATH,
  }
  return {
    ...head('apps/v1', 'Deployment', service, options),
    // No `replicas`: the autoscaler sets them.
    spec: {
      revisionHistoryLimit: 5,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labelsOf(service), annotations },
        spec: {
          serviceAccountName: service.name,
          ...podOf(service, options.modelClaim ?? `${service.name}-models`),
          topologySpreadConstraints: spread,
          containers: [containerOf(service, service.name, service.port)],
        },
      },
    },
  }
}

function serviceObject(service: ResolvedService, options: KubernetesOptions): Manifest {
  return {
    ...head('v1', 'Service', service, options),
    spec: { type: 'ClusterIP', selector: selectorOf(service), ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] },
  }
}

function autoscaler(service: ResolvedService, options: KubernetesOptions): Manifest {
  return {
    ...head('autoscaling/v2', 'HorizontalPodAutoscaler', service, options),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: service.name },
      minReplicas: service.replicas.min,
      maxReplicas: service.replicas.max,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    },
  }
}

function disruptionBudget(service: ResolvedService, options: KubernetesOptions): Manifest {
  return {
    ...head('policy/v1', 'PodDisruptionBudget', service, options),
    spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selectorOf(service) } },
  }
}

function networkPolicy(service: ResolvedService, options: KubernetesOptions): Manifest {
  const { allowFrom = ['ingress-nginx', 'monitoring'], allowPorts = [443] } = options
  const dns = ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 }))
  const from = allowFrom.map((name) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }))
  return {
    ...head('networking.k8s.io/v1', 'NetworkPolicy', service, options),
    spec: {
      podSelector: { matchLabels: selectorOf(service) },
      policyTypes: ['Ingress', 'Egress'],
      // An empty list of rules refuses everything.
      ingress: from.length === 0 ? [] : [{ from, ports: [{ protocol: 'TCP', port: 'http' }] }],
      egress: [{ ports: dns }, ...(allowPorts.length === 0 ? [] : [{ ports: allowPorts.map((port) => ({ protocol: 'TCP', port })) }])],
    },
  }
}
