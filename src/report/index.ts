/** Self-contained HTML reports: pages, tables and charts as inline SVG. */
export type { BarPairOptions } from '../plot/bar-pair'
export { barPair } from '../plot/bar-pair'
export type { Chart } from '../plot/chart'
export type { Colour } from '../plot/colours'
export type { Html, HtmlPart } from '../plot/html'
export { html } from '../plot/html'
export type { Dash } from '../plot/legend'
export type { ChartMark, LineChartOptions, LineSeries } from '../plot/line-chart'
export { lineChart } from '../plot/line-chart'
export {
  type CompareRunsHtmlOptions,
  type ComparingTracker,
  compareRunsHtml,
  type RunsToCompare,
} from './compare-runs'
export { type DataDocsOptions, dataDocsAction } from './data-docs'
export { type DataQualityHtmlOptions, dataQualityHtml } from './data-quality-page'
export type { DatasetDiffHtmlOptions } from './dataset-diff'
export { datasetDiffHtml } from './dataset-diff'
export { type DriftReportHtmlOptions, driftReportHtml } from './drift-page'
export type {
  LifecycleEvent,
  LifecycleReport,
  ReportExpectation,
  ReportHistoryEntry,
  ReportVersion,
} from './lifecycle-report'
export { lifecycleReport } from './lifecycle-report'
export { type LiveAnswer, type LiveMonitor, type LiveMonitorOptions, liveMonitor } from './live-monitor'
export { type ModelCard, type ModelCardOptions, type ModelCardWords, modelCard } from './model-card'
export type { PageOptions, Section, Tile } from './page'
export { page } from './page'
export { compareVersionsHtml, type PerformanceHtmlOptions, performanceHtml } from './performance-html'
export { type PipelineHtmlOptions, pipelineHtml, type ShownPipelineRun } from './pipeline-html'
export { type SearchHtmlOptions, searchHtml } from './search-html'
export type { DataTableOptions, HeatTableOptions, TableColumn } from './table'
export { dataTable, heatTable } from './table'
export { type TrafficHtmlOptions, type TrafficState, trafficHtml } from './traffic-html'
export { type ValidationReportOptions, validationReport } from './validation-report'
