/** Panels of a Grafana dashboard in its classic JSON model. */
import type { Json } from '../core/json'

/** A panel: its JSON without id and position, and how much room it takes. */
export interface PanelSpec {
  readonly width: number
  readonly height: number
  readonly json: { readonly [key: string]: Json | undefined }
}

/** One query of a panel. */
export interface PanelQuery {
  readonly expr: string
  /** The name of its series: `{{column}}`. */
  readonly legend?: string | undefined
  /** Only the newest value. */
  readonly instant?: boolean | undefined
}

/** What most panels have. */
export interface PanelOptions {
  readonly title: string
  readonly description?: string | undefined
  readonly queries: readonly PanelQuery[]
  /** A unit of Grafana: `percentunit`, `s`, `reqps`. @default 'none' */
  readonly unit?: string | undefined
  readonly width?: number | undefined
  readonly height?: number | undefined
}

/** The data source of every panel is the dashboard's variable: a fixed one is why imported dashboards show no data. */
export const datasource = { type: 'prometheus', uid: '$datasource' } as const

/** A line to compare with: values on the bad side are red. */
export interface PanelLimits {
  readonly lower?: number | undefined
  readonly upper?: number | undefined
}

/** Values over time. */
export function timeSeries(
  options: PanelOptions & {
    readonly limits?: PanelLimits | undefined
    readonly min?: number | undefined
    readonly max?: number | undefined
  },
): PanelSpec {
  const { unit = 'none', limits = {}, min, max } = options
  const { lower, upper } = limits
  const steps: Json[] = [{ color: lower === undefined ? 'green' : 'red', value: null }]
  if (lower !== undefined) steps.push({ color: 'green', value: lower })
  if (upper !== undefined) steps.push({ color: 'red', value: upper })
  const hasLimit = lower !== undefined || upper !== undefined
  const custom = {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: 8,
    showPoints: 'auto',
    spanNulls: false,
    thresholdsStyle: { mode: hasLimit ? 'line' : 'off' },
  }
  return panel('timeseries', options, {
    fieldConfig: {
      defaults: { unit, min, max, color: { mode: 'palette-classic' }, custom, thresholds: { mode: 'absolute', steps }, mappings: [] },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  })
}

/** One number, red from `red` on. */
export function stat(options: PanelOptions & { readonly red?: number | undefined }): PanelSpec {
  const { unit = 'none', red } = options
  const steps: Json[] = [{ color: 'green', value: null }]
  if (red !== undefined) steps.push({ color: 'red', value: red })
  return panel(
    'stat',
    { width: 4, height: 4, ...options },
    {
      fieldConfig: {
        defaults: { unit, color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps }, mappings: [] },
        overrides: [],
      },
      options: {
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        colorMode: 'value',
        graphMode: 'none',
        justifyMode: 'auto',
        orientation: 'auto',
        textMode: 'auto',
        wideLayout: true,
        showPercentChange: false,
        percentChangeColorMode: 'standard',
      },
    },
  )
}

/** States over time: 1 is red, 0 green. */
export function stateTimeline(options: PanelOptions & { readonly on: string; readonly off: string }): PanelSpec {
  const value = { '0': { text: options.off, color: 'green', index: 0 }, '1': { text: options.on, color: 'red', index: 1 } }
  return panel('state-timeline', options, {
    fieldConfig: {
      defaults: {
        unit: 'none',
        color: { mode: 'thresholds' },
        custom: { lineWidth: 0, fillOpacity: 80 },
        thresholds: {
          mode: 'absolute',
          steps: [
            { color: 'green', value: null },
            { color: 'red', value: 1 },
          ],
        },
        mappings: [{ type: 'value', options: value }],
      },
      overrides: [],
    },
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.85,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
  })
}

/** The newest value of each series, with its labels as columns. */
export function table(options: PanelOptions & { readonly hide: readonly string[] }): PanelSpec {
  const excludeByName = Object.fromEntries(['Time', '__name__', 'Value', 'instance', 'job', ...options.hide].map((name) => [name, true]))
  const queries = options.queries.map((query) => ({ ...query, instant: true }))
  return panel(
    'table',
    { ...options, queries },
    {
      fieldConfig: { defaults: { custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false }, mappings: [] }, overrides: [] },
      options: { showHeader: true, cellHeight: 'sm' },
      transformations: [{ id: 'organize', options: { excludeByName, indexByName: {}, renameByName: {} } }],
    },
  )
}

/** A heading across the dashboard. */
export function row(title: string): PanelSpec {
  return { width: 24, height: 1, json: { type: 'row', title, collapsed: false, panels: [] } }
}

/** Numbers the panels and lays them out from left to right on the grid of 24 columns. */
export function laidOut(specs: readonly PanelSpec[]): Json[] {
  let [x, y, tallest] = [0, 0, 0]
  return specs.map(({ width, height, json }, i): Json => {
    if (x + width > 24) {
      y += tallest
      x = 0
      tallest = 0
    }
    const gridPos = { x, y, w: width, h: height }
    x += width
    tallest = Math.max(tallest, height)
    return { id: i + 1, ...json, gridPos }
  })
}

function panel(
  type: string,
  { title, description, queries, width = 12, height = 8 }: PanelOptions,
  more: Readonly<Record<string, Json>>,
): PanelSpec {
  const targets = queries.map(({ expr, legend = '__auto', instant = false }, i): Json => {
    const kind = instant ? { instant: true, range: false, format: type === 'table' ? 'table' : 'time_series' } : { range: true }
    return { refId: String.fromCharCode(65 + i), datasource, expr, legendFormat: legend, editorMode: 'code', ...kind }
  })
  return { width, height, json: { type, title, ...(description === undefined ? {} : { description }), datasource, targets, ...more } }
}
