/** Files that make a Grafana show the dashboard and raise the alerts by itself: its provisioning folder. */
import { md5Hex } from '../core/hash'
import type { Json } from '../core/json'
import { checkOptions, nonEmptyString, requireOptions } from '../core/options'
import { toYaml } from '../core/yaml-write'
import { type AlertRulesOptions, prometheusAlerts } from './alert-rules'
import { type GrafanaDashboardOptions, grafanaDashboard } from './grafana-dashboard'

/** Options of {@link grafanaProvisioning}. */
export interface GrafanaProvisioningOptions extends GrafanaDashboardOptions, Pick<AlertRulesOptions, 'checkEveryMs' | 'service'> {
  /** The address of Prometheus as Grafana reaches it. @default 'http://prometheus:9090' */
  readonly prometheusUrl?: string | undefined
  /** Where Grafana finds the folder of dashboards. @default '/etc/grafana/provisioning/dashboards' */
  readonly dashboardsPath?: string | undefined
  /** The folder that dashboards and alerts are shown in. @default 'Models' */
  readonly folder?: string | undefined
}

const datasourceUid = 'millwright-prometheus'

/**
 * The files of Grafana's folder `provisioning`, by path: the data source, the provider of dashboards, the dashboard, and the alerts as Grafana's own.
 *
 * @throws InvalidArgument for invalid options and rules
 * @example for (const [path, text] of Object.entries(grafanaProvisioning({ monitor: 'bikes', rules }))) await writeFile(`grafana/${path}`, text)
 */
export function grafanaProvisioning(options: GrafanaProvisioningOptions): Record<string, string> {
  requireOptions('grafanaProvisioning', options, ['monitor', 'rules'])
  const { prometheusUrl, dashboardsPath, folder = 'Models', checkEveryMs, service, ...dashboard } = options
  checkOptions(
    'grafanaProvisioning',
    { prometheusUrl, dashboardsPath, folder },
    {
      prometheusUrl: nonEmptyString(),
      dashboardsPath: nonEmptyString(),
      folder: nonEmptyString(),
    },
  )
  const made = grafanaDashboard(dashboard)
  return {
    'provisioning/datasources/millwright.yaml': toYaml({
      apiVersion: 1,
      datasources: [
        {
          name: 'Prometheus',
          type: 'prometheus',
          uid: datasourceUid,
          access: 'proxy',
          url: prometheusUrl ?? 'http://prometheus:9090',
          isDefault: true,
          jsonData: { httpMethod: 'POST', timeInterval: '15s' },
        },
      ],
    }),
    'provisioning/dashboards/millwright.yaml': toYaml({
      apiVersion: 1,
      providers: [
        {
          name: 'millwright',
          orgId: 1,
          folder,
          type: 'file',
          disableDeletion: false,
          updateIntervalSeconds: 30,
          allowUiUpdates: false,
          options: { path: dashboardsPath ?? '/etc/grafana/provisioning/dashboards', foldersFromFilesStructure: false },
        },
      ],
    }),
    [`provisioning/dashboards/${made.uid}.json`]: `${JSON.stringify(made, null, 2)}\n`,
    'provisioning/alerting/millwright.yaml': grafanaAlerting(
      { monitor: options.monitor, rules: options.rules, checkEveryMs, service },
      folder,
    ),
  }
}

/** The alerts of {@link prometheusAlerts} as Grafana's own: a query, and a threshold of zero on what it gives. */
function grafanaAlerting(options: AlertRulesOptions, folder: string): string {
  const rules = prometheusAlerts('grafanaProvisioning', options).map((alert): Json => {
    const query = (refId: string, expr: string): Json => ({
      refId,
      relativeTimeRange: { from: 600, to: 0 },
      datasourceUid,
      model: { refId, expr, instant: true },
    })
    const threshold = {
      refId: 'C',
      datasourceUid: '__expr__',
      model: { refId: 'C', type: 'threshold', expression: 'A', conditions: [{ evaluator: { type: 'gt', params: [0] } }] },
    }
    return {
      uid: `mw-${md5Hex(`${options.monitor} ${alert.alert}`).slice(0, 20)}`,
      title: `${options.monitor}: ${alert.alert}`,
      condition: 'C',
      // A is 1 wherever the condition holds, also for a value of 0; B is the value, for the texts.
      data: [query('A', `(${alert.expr}) * 0 + 1`), query('B', alert.expr), threshold],
      for: alert.for ?? '0s',
      ...(alert.keep_firing_for === undefined ? {} : { keep_firing_for: alert.keep_firing_for }),
      // The expression has no series while all is well.
      noDataState: 'OK',
      execErrState: 'Error',
      labels: { ...alert.labels },
      annotations: Object.fromEntries(
        Object.entries(alert.annotations).map(([name, text]) => [name, text.replaceAll('$value ', '$values.B.Value ')]),
      ),
      isPaused: false,
    }
  })
  return toYaml({ apiVersion: 1, groups: [{ orgId: 1, name: `millwright-${options.monitor}`, folder, interval: '1m', rules }] })
}
