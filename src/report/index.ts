/** Self-contained HTML reports: pages, tables and charts as inline SVG. */
export type { BarPairOptions } from './bar-pair'
export { barPair } from './bar-pair'
export {
  type CompareRunsHtmlOptions,
  type ComparingTracker,
  compareRunsHtml,
  type RunsToCompare,
} from './compare-runs'
export { type DataDocsOptions, dataDocsAction } from './data-docs'
export type { DatasetDiffHtmlOptions } from './dataset-diff'
export { datasetDiffHtml } from './dataset-diff'
export type { Html, HtmlPart } from './html'
export { html } from './html'
export type { Colour, Dash } from './legend'
export type {
  LifecycleEvent,
  LifecycleReport,
  ReportExpectation,
  ReportHistoryEntry,
  ReportVersion,
} from './lifecycle-report'
export { lifecycleReport } from './lifecycle-report'
export type { ChartMark, LineChartOptions, LineSeries } from './line-chart'
export { lineChart } from './line-chart'
export type { PageOptions, Section, Tile } from './page'
export { page } from './page'
export { type SearchHtmlOptions, searchHtml } from './search-html'
export type { DataTableOptions, HeatTableOptions, TableColumn } from './table'
export { dataTable, heatTable } from './table'
export { type ValidationReportOptions, validationReport } from './validation-report'
