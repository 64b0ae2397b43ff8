/** Self-contained HTML reports: pages, tables and charts as inline SVG. */
export type { BarPairOptions } from './bar-pair'
export { barPair } from './bar-pair'
export {
  type CompareRunsHtmlOptions,
  type ComparingTracker,
  compareRunsHtml,
  compareRunsPage,
  type RunsToCompare,
} from './compare-runs'
export { formatDay, formatNumber, formatPercent, formatTime, monthName } from './format'
export type { Html, HtmlPart } from './html'
export { embedJson, html } from './html'
export type { Colour, LegendEntry } from './legend'
export { legend } from './legend'
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
export { type ParallelAxis, type ParallelCoordinatesOptions, parallelCoordinates } from './parallel-coordinates'
export type { DataTableOptions, HeatTableOptions, TableColumn } from './table'
export { dataTable, heatTable } from './table'
