/** Files that a team commits: alert rules for Prometheus, dashboards and provisioning for Grafana. */
export { type AlertRulesOptions, prometheusRules, type ServiceLimits } from './alert-rules'
export { type GrafanaDashboard, type GrafanaDashboardOptions, grafanaDashboard } from './grafana-dashboard'
export { type GrafanaProvisioningOptions, grafanaProvisioning } from './grafana-provisioning'
