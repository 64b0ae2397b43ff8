/** A Compose project: the service, Prometheus that scrapes it, Grafana that shows it. */
import { arrayOf, checkOptions, finiteNumber, nonEmptyString, ofType } from '../core/options'
import { toYaml } from '../core/yaml-write'
import { type AlertRulesOptions, prometheusRules } from './alert-rules'
import { grafanaProvisioning } from './grafana-provisioning'
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
  /** The monitor that the dashboard and the alerts are made of. @default a monitor of the service's name without rules: panels and alerts of serving */
  readonly monitor?: Partial<Pick<AlertRulesOptions, 'monitor' | 'rules' | 'checkEveryMs' | 'service'>> | undefined
  /** @default 'prom/prometheus:v3.5.0' */
  readonly prometheusImage?: string | undefined
  /** @default 'grafana/grafana:12.1.0' */
  readonly grafanaImage?: string | undefined
}

/**
 * `docker-compose.yml`, the configuration and alert rules of Prometheus, and the provisioning of Grafana with its data source, a dashboard and alerts.
 * Ports are bound to 127.0.0.1. Grafana's password comes from the file `grafana-password.txt`, which is not written and must not be committed.
 *
 * @throws InvalidArgument
 */
export function compose(service: DeployService, options: ComposeOptions = {}): FileSet {
  const resolved = resolveService('compose', service)
  checkOptions('compose', options, { monitor: ofType('object'), prometheusImage: nonEmptyString(), grafanaImage: nonEmptyString() })
  checkOptions('`monitor` of compose', options.monitor, {
    ...{ monitor: nonEmptyString(), rules: arrayOf(ofType('object')), checkEveryMs: finiteNumber(1), service: ofType('object') },
  })
  const alerts = { monitor: resolved.name, rules: [], service: {}, ...options.monitor }
  const grafana = grafanaProvisioning({ ...alerts, title: resolved.name })
  return {
    'docker-compose.yml': generatedBy(`${resolved.name} with Prometheus and Grafana`) + toYaml(composeFile(resolved, options)),
    'prometheus/prometheus.yml': generatedBy('What Prometheus scrapes') + toYaml(prometheusFile(resolved)),
    'prometheus/alerts.yml': prometheusRules(alerts),
    ...Object.fromEntries(Object.entries(grafana).map(([path, text]) => [`grafana/${path}`, text])),
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
        volumes: ['./grafana/provisioning:/etc/grafana/provisioning:ro', 'grafana-data:/var/lib/grafana'],
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

function prometheusFile({ name, port }: ResolvedService) {
  return {
    global: { scrape_interval: '15s', evaluation_interval: '15s' },
    rule_files: ['alerts.yml'],
    scrape_configs: [{ job_name: name, metrics_path: METRICS_PATH, static_configs: [{ targets: [`${name}:${port}`] }] }],
  }
}
