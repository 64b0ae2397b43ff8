/** Compares model versions on the same labelled rows, with how sure the difference is. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { invalidArgument, show } from '../core/errors'
import { checkOptions, finiteNumber, nonEmptyString, requireOptions, wholeNumber } from '../core/options'
import { createRng } from '../core/random'
import { type Metric, metricByName } from '../metrics'
import { classesOf, type Label } from '../metrics/label'
import { scoreRows } from '../metrics/score'
import { quantileSorted } from '../stats/elementary'
import type { LabelledRows } from './estimate/reference'
import { type PerformanceReport, type PerformanceReportOptions, performanceReport } from './performance-report'

/** Options of {@link compareVersions}. */
export interface CompareVersionsOptions extends Omit<PerformanceReportOptions, 'name'> {
  /** The version that the others are compared with. @default the first */
  readonly baseline?: string | undefined
  /** Resamples of the rows for the intervals of the differences. @default 200 */
  readonly resamples?: number | undefined
  /** @default 0 */
  readonly seed?: number | undefined
}

/** The difference of one metric: version minus baseline. */
export interface VersionDifference {
  readonly version: string
  readonly metric: string
  readonly difference: number
  /** The middle 95 % of the differences over resampled rows. */
  readonly low: number
  readonly high: number
  /** `better` and `worse` where the interval does not hold 0. */
  readonly verdict: 'better' | 'worse' | 'undecided'
}

/** Versions side by side. */
export interface VersionComparison {
  readonly baseline: string
  readonly rows: number
  readonly reports: readonly PerformanceReport[]
  readonly differences: readonly VersionDifference[]
}

/**
 * Compares versions on the same rows: every version answers each of them. The rows are resampled in pairs, so that what is hard for both does not
 * count as a difference.
 *
 * @throws InvalidArgument for less than two versions, and for rows that are not the same
 * @example compareVersions({ '3': modelRows(champion, test), '4': modelRows(challenger, test) })
 */
export function compareVersions(versions: Readonly<Record<string, LabelledRows>>, options: CompareVersionsOptions = {}): VersionComparison {
  requireOptions('compareVersions', versions, [])
  const { baseline: wanted, resamples = 200, seed = 0, ...reporting } = options ?? {}
  checkOptions('compareVersions', options && { baseline: wanted, resamples, seed }, {
    baseline: nonEmptyString(),
    resamples: wholeNumber(20, 10_000),
    seed: finiteNumber(),
  })
  const names = Object.keys(versions)
  if (names.length < 2) throw invalidArgument(`compareVersions needs at least two versions, got ${names.length}`)
  const baseline = wanted ?? (names[0] as string)
  const base = versions[baseline]
  if (base === undefined) throw invalidArgument(`\`baseline\` of compareVersions must be one of ${names.join(', ')}, got ${show(baseline)}`)
  for (const name of names) assertSame(name, versions[name] as LabelledRows, base)
  const reports = names.map((name) => performanceReport(versions[name] as LabelledRows, { ...reporting, name }))
  const first = reports.find(({ name }) => name === baseline) as PerformanceReport
  const metrics = first.metrics.filter(({ value }) => !Number.isNaN(value)).map(({ metric }) => metricByName(metric))
  const picks = resampled(base.actual.length, resamples, seed)
  const spread = new Map(
    names.map((name) => [name, metrics.map((metric) => picks.map((at) => scoreAt(metric, versions[name] as LabelledRows, at)))] as const),
  )
  const differences = names
    .filter((name) => name !== baseline)
    .flatMap((version) =>
      metrics.map((metric, m): VersionDifference => {
        const of = (name: string): readonly number[] => (spread.get(name) as readonly (readonly number[])[])[m] as readonly number[]
        const sorted = Float64Array.from(of(version), (value, i) => value - (of(baseline)[i] as number))
          .filter((value) => !Number.isNaN(value))
          .sort()
        const value = (report: PerformanceReport): number => report.metrics.find((one) => one.metric === metric.name)?.value ?? Number.NaN
        const difference = value(reports.find(({ name }) => name === version) as PerformanceReport) - value(first)
        const [low, high] = [quantileSorted(sorted, 0.025), quantileSorted(sorted, 0.975)]
        const up = low > 0 ? 1 : high < 0 ? -1 : 0
        const verdict = up === 0 ? 'undecided' : up > 0 === metric.higherIsBetter ? 'better' : 'worse'
        return { version, metric: metric.name, difference, low, high, verdict }
      }),
    )
  const comparison: VersionComparison = { baseline, rows: base.actual.length, reports, differences }
  return attachDisplay(comparison, {
    text: () => comparisonText(comparison, textTable),
    markdown: () => comparisonText(comparison, markdownTable),
  })
}

function assertSame(name: string, rows: LabelledRows, base: LabelledRows): void {
  const same = rows?.actual?.length === base.actual.length && rows.actual.every((value, i) => value === base.actual[i])
  if (!same)
    throw invalidArgument(
      `compareVersions compares versions on the same rows, and the labels of ${show(name)} are others than those of the baseline`,
    )
}

function resampled(rows: number, count: number, seed: number): Int32Array[] {
  const rng = createRng(seed)
  return Array.from({ length: count }, () => Int32Array.from({ length: rows }, () => rng.int(rows)))
}

function scoreAt(metric: Metric, { actual, predicted, probabilities }: LabelledRows, at: Int32Array): number {
  const classes = probabilities?.classes ?? (metric.needs === 'numbers' ? [] : classesOf(actual, predicted))
  const width = classes.length
  const values = (): Float64Array => {
    const picked = new Float64Array(at.length * width)
    for (const [i, row] of at.entries()) picked.set(probabilities?.values.subarray(row * width, (row + 1) * width) ?? [], i * width)
    return picked
  }
  try {
    return scoreRows(metric, {
      actual: Array.from(at, (row) => actual[row] as Label),
      predicted: Array.from(at, (row) => predicted[row] as Label),
      classes,
      probabilities: () => ({ classes, values: values() }),
    })
  } catch {
    // A resample of one class only.
    return Number.NaN
  }
}

function comparisonText({ baseline, rows, reports, differences }: VersionComparison, table: typeof textTable): string {
  const digits = (value: number): string => (Number.isNaN(value) ? '–' : String(Number(value.toPrecision(4))))
  const body = (reports[0] as PerformanceReport).metrics.map(({ metric }) => [
    metric,
    ...reports.map((report) => digits(report.metrics.find((one) => one.metric === metric)?.value ?? Number.NaN)),
    differences
      .filter((one) => one.metric === metric)
      .map(({ version, verdict }) => `${version} ${verdict}`)
      .join(', '),
  ])
  return `${reports.length} versions on ${rows} rows, compared with ${baseline}\n${table(['metric', ...reports.map(({ name }) => name), 'verdict'], body)}`
}
