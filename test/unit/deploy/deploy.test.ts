/** Deployment files: what they promise, that nothing a user gives breaks out of its place, and bad input. The real tools judge them in the lane `deploy`. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { compose, type DeployService, deploymentFiles, dockerfile, githubWorkflow, inferenceService, kubernetes } from '../../../src/deploy'
import { propertySeed, times } from '../../support/effort'

const service: DeployService = { name: 'flights', version: '1.2.0', image: 'ghcr.io/acme/flights' }
/** A file as YAML. */
const read = (files: Readonly<Record<string, string>>, path: string) => parse(files[path] as string)

describe('dockerfile', () => {
  const { Dockerfile: text = '', '.dockerignore': ignore = '' } = dockerfile({
    ...service,
    include: ['config'],
    baseDigest: `sha256:${'0'.repeat(64)}`,
  })

  it('has stages, a user without rights, a health check, and no npm before the program', () => {
    expect(text.match(/^FROM node:24-bookworm-slim@sha256:0{64} AS (\w+)$/gm)).toHaveLength(3)
    expect(text).toContain('npm ci --omit=dev')
    expect(text).toContain('\nUSER 1000:1000\n')
    expect(text).toMatch(/HEALTHCHECK [^\n]*\\\n {4}CMD \["node", "-e", "fetch\('http:\/\/127.0.0.1:8000\/healthz'\)/)
    expect(text).toContain('\nCMD ["node", "--enable-source-maps", "dist/server.js"]\n')
    expect(text).toContain('COPY config ./config')
    expect(text).not.toContain('COPY models')
  })

  it('bakes models in only where that is asked for', () => {
    expect(ignore.split('\n')).toContain('models')
    const baked = dockerfile({ ...service, bakeModels: true })
    expect(baked.Dockerfile).toContain('COPY models ./models')
    expect(baked['.dockerignore']?.split('\n')).not.toContain('models')
  })
})

describe('compose', () => {
  it('runs the service, Prometheus and Grafana, hardened, on this machine only', () => {
    const files = compose(service, { monitor: { service: { maxP99Seconds: 0.5 } } })
    const { services, secrets } = read(files, 'docker-compose.yml')
    expect(Object.keys(services)).toEqual(['flights', 'prometheus', 'grafana'])
    for (const each of Object.values(services) as Record<string, unknown>[]) {
      expect(each).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
      expect((each.ports as string[]).every((port) => port.startsWith('127.0.0.1:'))).toBe(true)
    }
    expect(services.prometheus.depends_on).toEqual({ flights: { condition: 'service_healthy' } })
    expect(secrets).toEqual({ 'grafana-password': { file: './grafana-password.txt' } })
    expect(read(files, 'prometheus/prometheus.yml')).toMatchObject({
      rule_files: ['alerts.yml'],
      scrape_configs: [{ metrics_path: '/metrics', static_configs: [{ targets: ['flights:8000'] }] }],
    })
    expect(read(files, 'grafana/provisioning/datasources/millwright.yaml').datasources[0]).toMatchObject({ url: 'http://prometheus:9090' })
    expect(files['prometheus/alerts.yml']).toContain('0.5')
    expect(JSON.parse(files['grafana/provisioning/dashboards/millwright-flights.json'] as string).title).toBe('flights')
  })
})

describe('kubernetes', () => {
  const files = kubernetes({ ...service, secrets: { API_KEY: 'api-key' } }, { namespace: 'ml' })
  const kinds = Object.fromEntries(
    Object.keys(files)
      .filter((path) => !path.includes('kustomization'))
      .map((path) => [read(files, path).kind, read(files, path)]),
  )

  it('has the objects of a service that can be updated, scaled and drained', () => {
    expect(Object.keys(kinds)).toEqual([
      'ServiceAccount',
      'Deployment',
      'Service',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ])
    expect(read(files, 'kubernetes/kustomization.yaml').resources).toHaveLength(6)
    for (const { metadata } of Object.values(kinds) as { metadata: unknown }[])
      expect(metadata).toMatchObject({ name: 'flights', namespace: 'ml' })
    const { spec } = kinds.Deployment
    expect(spec.replicas).toBeUndefined()
    expect(spec.selector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'flights', 'app.kubernetes.io/instance': 'flights' })
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
  })

  it('runs under the restricted profile with probes and a drain', () => {
    const pod = kinds.Deployment.spec.template.spec
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    })
    const [container] = pod.containers
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(container.readinessProbe.httpGet.path).toBe('/readyz')
    expect(container.livenessProbe.httpGet.path).toBe('/healthz')
    expect(container.lifecycle.preStop.sleep.seconds).toBeLessThan(pod.terminationGracePeriodSeconds)
    expect(container.resources.limits).toEqual({ memory: '512Mi' })
    expect(container.env).toContainEqual({ name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'flights', key: 'api-key' } } })
    expect(container.volumeMounts).toContainEqual({ name: 'models', mountPath: '/app/models', readOnly: true })
  })

  it('refuses all traffic but the stated one', () => {
    const closed = read(kubernetes(service, { allowFrom: [], allowPorts: [] }), 'kubernetes/networkpolicy.yaml')
    expect(closed.spec.ingress).toEqual([])
    expect(closed.spec.egress).toEqual([
      {
        ports: [
          { protocol: 'UDP', port: 53 },
          { protocol: 'TCP', port: 53 },
        ],
      },
    ])
  })
})

describe('inferenceService', () => {
  it('names container and port as KServe wants them', () => {
    const { spec, metadata } = read(
      inferenceService(service, { mode: 'Knative', canaryTrafficPercent: 10 }),
      'kserve/inferenceservice.yaml',
    )
    expect(metadata.annotations['serving.kserve.io/deploymentMode']).toBe('Knative')
    const [container] = spec.predictor.containers
    expect(container).toMatchObject({ name: 'kserve-container', ports: [{ name: 'http1', containerPort: 8080 }] })
    expect(container.env).toContainEqual({ name: 'MILLWRIGHT_DEPLOYMENT_API_PORT', value: '8080' })
    expect(container.lifecycle).toBeUndefined()
    expect(spec.predictor.canaryTrafficPercent).toBe(10)
  })
})

describe('githubWorkflow', () => {
  it('tests, gates the model, and gives each job the least permissions', () => {
    const { jobs, permissions } = read(
      githubWorkflow(service, { pins: { 'actions/checkout': 'a'.repeat(40) } }),
      '.github/workflows/model.yml',
    )
    expect(permissions).toEqual({})
    expect([jobs.model.needs, jobs.image.needs]).toEqual(['test', 'model'])
    expect(jobs.test.permissions).toEqual({ contents: 'read' })
    expect(jobs.test.steps[0]).toEqual({ uses: `actions/checkout@${'a'.repeat(40)}`, with: { 'persist-credentials': false } })
    expect(jobs.model.steps.map((step: { run?: string }) => step.run).filter(Boolean)).toEqual(['npm ci', 'npm start'])
  })
})

describe('deploymentFiles', () => {
  it('has all files, without those that are not wanted', () => {
    const paths = Object.keys(deploymentFiles(service, { kserve: {} }))
    expect(paths).toEqual(
      expect.arrayContaining(['Dockerfile', 'docker-compose.yml', 'kubernetes/deployment.yaml', 'kserve/inferenceservice.yaml']),
    )
    expect(Object.keys(deploymentFiles(service, { compose: false, kubernetes: false, github: false }))).toEqual([
      'Dockerfile',
      '.dockerignore',
    ])
  })

  it('keeps every value of the environment, whatever it holds', () => {
    const value = fc.string({ unit: 'binary', maxLength: 30 }).filter((text) => !/[\0\r\n]/.test(text) && text.isWellFormed())
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('A', 'B_1', '_c'), value), (env) => {
        const files = deploymentFiles({ ...service, env })
        const composed = read(files, 'docker-compose.yml').services.flights.environment
        const container = read(files, 'kubernetes/deployment.yaml').spec.template.spec.containers[0]
        for (const [name, text] of Object.entries(env)) {
          expect(composed[name].replaceAll('$$', '$')).toBe(text)
          expect(container.env).toContainEqual({ name, value: text })
        }
      }),
      { seed: propertySeed, numRuns: times(6, 200) },
    )
  })

  it.each([
    [{ name: 'Flights' }, /`name` of dockerfile must be 1 to 40 lower-case letters/],
    [{ name: undefined }, /needs the `name`/],
    [{ image: 'x; rm -rf /' }, /`image` of dockerfile must be the name of an image/],
    [{ entry: '../x.js' }, /`entry` of dockerfile must be a relative path to a JavaScript file/],
    [{ entry: 'x.js"]\nRUN evil' }, /`entry` of dockerfile/],
    [{ env: { A: 'b\nRUN evil' } }, /`env` of dockerfile/],
    [{ env: { 'A-B': 'b' } }, /`env` of dockerfile/],
    [{ models: '/etc' }, /`models` of dockerfile must be a relative path/],
    [{ replicas: { min: 3, max: 2 } }, /must have min ≤ max, got 3 and 2/],
    [{ port: 0 }, /`port` of dockerfile must be a whole number from 1 to 65535/],
    [{ prot: 1 }, /`prot` is not an option of dockerfile/],
  ] as [Partial<DeployService>, RegExp][])('%j is refused', (more, message) => {
    expect(() => deploymentFiles({ ...service, ...more })).toThrow(message)
  })

  it('refuses bad options of its parts', () => {
    expect(() => deploymentFiles(service, { compose: { monitor: { rule: [] } } as never })).toThrow(
      '`rule` is not an option of `monitor` of compose',
    )
    expect(() => deploymentFiles(service, { kubernetes: { namespace: 'A B' } })).toThrow('`namespace` of kubernetes')
    expect(() => deploymentFiles(service, { github: true as never })).toThrow(
      '`github` of deploymentFiles must be an object of options, or false',
    )
  })
})
