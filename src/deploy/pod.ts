/** The parts of a pod that plain Kubernetes and KServe have in common. */
import { DRAIN_SECONDS, environmentOf, GRACE_SECONDS, LIVE_PATH, READY_PATH, type ResolvedService } from './service'

/** The settings of a pod: restricted security, no token, the volumes. */
export function podOf({ bakeModels }: ResolvedService, modelClaim: string) {
  const models = bakeModels ? [] : [{ name: 'models', persistentVolumeClaim: { claimName: modelClaim, readOnly: true } }]
  return {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumes: [{ name: 'tmp', emptyDir: {} }, ...models],
  }
}

/** The container of a service. */
export function containerOf(service: ResolvedService, name: string, port: number) {
  const { reference, resources, models, bakeModels } = service
  const memory = `${resources.memoryMib}Mi`
  return {
    name,
    image: reference,
    imagePullPolicy: 'IfNotPresent',
    ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
    env: variablesOf({ ...service, port }),
    // No CPU limit: throttling would be seen in the p99. Memory that is promised is memory that may be used.
    resources: { requests: { cpu: `${Math.round(resources.cpu * 1000)}m`, memory }, limits: { memory } },
    startupProbe: { httpGet: { path: LIVE_PATH, port: 'http' }, periodSeconds: 5, failureThreshold: 30 },
    livenessProbe: { httpGet: { path: LIVE_PATH, port: 'http' }, periodSeconds: 10, timeoutSeconds: 2, failureThreshold: 3 },
    readinessProbe: { httpGet: { path: READY_PATH, port: 'http' }, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
    lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...(bakeModels ? [] : [{ name: 'models', mountPath: `/app/${models}`, readOnly: true }]),
    ],
  }
}

function variablesOf(service: ResolvedService) {
  const plain = Object.entries(environmentOf(service)).map(([name, value]) => ({ name, value }))
  const secret = Object.entries(service.secrets).map(([name, key]) => ({ name, valueFrom: { secretKeyRef: { name: service.name, key } } }))
  return [...plain, ...secret]
}
