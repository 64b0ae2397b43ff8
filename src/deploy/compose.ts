/** A Compose project: the service, Prometheus that scrapes it, Grafana that shows it. */
import { invalidArgument } from '../core/errors'
import { checkOptions, nonEmptyString, ofType } from '../core/options'
import { toYaml } from '../core/yaml-write'
import {
  type DeployService,
  environmentOf,
  type FileSet,
  GRACE_SECONDS,
  generatedBy,
  METRICS_PATH,
  type ResolvedService,
  resolveService,
} from './service'

/** Options of {@link compose}. */
export interface ComposeOptions {
  /** Alert rules of Prometheus as YAML text. @default none */
  readonly alertRules?: string | undefined
  /** Grafana dashboards: name → JSON text. Their data source has the uid `prometheus`. @default none */
  readonly dashboards?: Readonly<Record<string, string>> | undefined
  /** @default 'prom/prometheus:v3.5.0' */
  readonly prometheusImage?: string | undefined
  /** @default 'grafana/grafana:12.1.0' */
  readonly grafanaImage?: string | undefined
}

/** The uid of the provisioned data source, by which dashboards refer to it. */
const DATA_SOURCE = 'prometheus'

/**
 * `docker-compose.yml`, the configuration of Prometheus, and the provisioning of Grafana with its data source and dashboards. Ports are bound to
 * 127.0.0.1. Grafana's password comes from the file `grafana-password.txt`, which is not written and must not be committed.
 *
 * @throws InvalidArgument
 */
export function compose(service: DeployService, options: ComposeOptions = {}): FileSet {
  const resolved = resolveService('compose', service)
  checkOptions('compose', options, {
    alertRules: nonEmptyString(),
    dashboards: ofType('object'),
    prometheusImage: nonEmptyString(),
    grafanaImage: nonEmptyString(),
  })
  const { alertRules, dashboards = {} } = options
  const wrong = Object.keys(dashboards).find((name) => !/^[\w-]{1,80}$/.test(name))
  if (wrong !== undefined)
    throw invalidArgument(`a dashboard of compose needs a name of letters, digits, _ and -, got ${JSON.stringify(wrong)}`)
  return {
    'docker-compose.yml': generatedBy(`${resolved.name} with Prometheus and Grafana`) + toYaml(composeFile(resolved, options)),
    'prometheus/prometheus.yml': generatedBy('What Prometheus scrapes') + toYaml(prometheusFile(resolved, alertRules !== undefined)),
    ...(alertRules === undefined ? {} : { 'prometheus/alerts.yml': alertRules }),
    'grafana/provisioning/datasources/prometheus.yml': toYaml({
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          uid: DATA_SOURCE,
          type: 'prometheus',
          access: 'proxy',
          url: 'http://prometheus:9090',
          isDefault: true,
          editable: false,
        },
      ],
    }),
    'grafana/provisioning/dashboards/millwright.yml': toYaml({
      apiVersion: 1,
      providers: [{ name: 'millwright', type: 'file', options: { path: '/var/lib/grafana/dashboards' } }],
    }),
    ...Object.fromEntries(Object.entries(dashboards).map(([name, json]) => [`grafana/dashboards/${name}.json`, json])),
  }
}

function composeFile(service: ResolvedService, options: ComposeOptions) {
  const { name, reference, port, models, bakeModels, resources, secrets } = service
  // From the shell or the file `.env`; Compose stops with this message where one is missing.
  const fromShell = Object.fromEntries(Object.keys(secrets).map((key) => [key, `\${${key}:?set it in .env}`]))
  return {
    name,
    services: {
      [name]: {
        build: '.',
        image: reference,
        ...hardened(),
        environment: { ...escaped(environmentOf(service)), ...fromShell },
        ports: [`127.0.0.1:${port}:${port}`],
        ...(bakeModels ? {} : { volumes: [`./${models}:/app/${models}:ro`] }),
        stop_grace_period: `${GRACE_SECONDS}s`,
        deploy: { resources: { limits: { cpus: String(resources.cpu * 2), memory: `${resources.memoryMib}M` } } },
      },
      prometheus: {
        image: options.prometheusImage ?? 'prom/prometheus:v3.5.0',
        ...hardened(),
        command: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus', '--storage.tsdb.retention.time=15d'],
        ports: ['127.0.0.1:9090:9090'],
        volumes: ['./prometheus:/etc/prometheus:ro', 'prometheus-data:/prometheus'],
        depends_on: { [name]: { condition: 'service_healthy' } },
      },
      grafana: {
        image: options.grafanaImage ?? 'grafana/grafana:12.1.0',
        ...hardened(),
        environment: {
          GF_SECURITY_ADMIN_PASSWORD__FILE: '/run/secrets/grafana-password',
          GF_USERS_ALLOW_SIGN_UP: 'false',
          GF_ANALYTICS_REPORTING_ENABLED: 'false',
        },
        ports: ['127.0.0.1:3000:3000'],
        volumes: [
          './grafana/provisioning:/etc/grafana/provisioning:ro',
          './grafana/dashboards:/var/lib/grafana/dashboards:ro',
          'grafana-data:/var/lib/grafana',
        ],
        secrets: ['grafana-password'],
        depends_on: ['prometheus'],
      },
    },
    volumes: { 'prometheus-data': {}, 'grafana-data': {} },
    secrets: { 'grafana-password': { file: './grafana-password.txt' } },
  }
}

/** Compose would replace `$NAME`. */
function escaped(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, value.replaceAll('$', '$$$$')]))
}

function hardened() {
  return {
    restart: 'unless-stopped',
    init: true,
    read_only: true,
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  }
}

function prometheusFile({ name, port }: ResolvedService, hasRules: boolean) {
  return {
    global: { scrape_interval: '15s', evaluation_interval: '15s' },
    ...(hasRules ? { rule_files: ['alerts.yml'] } : {}),
    scrape_configs: [{ job_name: name, metrics_path: METRICS_PATH, static_configs: [{ targets: [`${name}:${port}`] }] }],
  }
}
