/** Precision, recall and F1, of one class or averaged over classes. */
import { attachDisplay, markdownTable, textTable } from '../core/display'
import { anything, checkOptions, finiteNumber, type OptionRule, oneOf } from '../core/options'
import { type ClassCounts, type ConfusionMatrixOptions, classCounts, confusionMatrix } from './confusion-matrix'
import { type Label, positiveOf, wholeClasses } from './label'
import type { WeightOptions } from './weights'

/** How the figures of several classes become one. */
export type Average = 'binary' | 'macro' | 'weighted' | 'micro'

/** Options of {@link precision}, {@link recall} and {@link f1}. */
export interface AverageOptions extends WeightOptions {
  /**
   * `binary`: the positive class only; `macro`: plain mean over classes; `weighted`: mean weighted by the rows of each class;
   * `micro`: from the counts of all classes together.
   * @default 'binary' for at most two classes, else 'macro'
   */
  readonly average?: Average | undefined
  /**
   * The positive class of `binary`.
   * @default the last class in ascending order; `true` and 1 also where only `false` or 0 occurs. Where a single class of another kind is known,
   * nothing says whether it is the positive one, and the figure is `NaN`
   */
  readonly positive?: Label | undefined
  /** All classes of the task, where the rows at hand may lack some. @default those that occur */
  readonly classes?: readonly Label[] | undefined
}

/** Of the rows predicted as a class, the share that are of it; 0 when none is predicted. @throws InvalidArgument */
export function precision(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: AverageOptions = {}): number {
  return averaged('precision', actual, predicted, options, (correct, _actual, said) => ratio(correct, said))
}

/** Of the rows of a class, the share predicted as it; 0 when there are none. @throws InvalidArgument */
export function recall(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: AverageOptions = {}): number {
  return averaged('recall', actual, predicted, options, (correct, are) => ratio(correct, are))
}

/** The harmonic mean of precision and recall, class by class; 0 when both are 0. @throws InvalidArgument */
export function f1(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: AverageOptions = {}): number {
  return averaged('f1', actual, predicted, options, f1Of)
}

/** Options of {@link fBeta}. */
export interface FBetaOptions extends AverageOptions {
  /** How many times as much recall counts as precision. @default 1, which is {@link f1} */
  readonly beta?: number | undefined
}

/** The weighted harmonic mean of precision and recall; `beta` 2 favours recall, 0.5 precision. @throws InvalidArgument */
export function fBeta(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: FBetaOptions = {}): number {
  const square = (options.beta ?? 1) ** 2
  const figure: Figure = (correct, are, said) => ratio((1 + square) * correct, square * are + said)
  return averaged('fBeta', actual, predicted, options, figure, { beta: finiteNumber(0) })
}

/** The Jaccard index: of the rows that are of a class or predicted as it, the share that are both. @throws InvalidArgument */
export function jaccard(actual: ArrayLike<Label>, predicted: ArrayLike<Label>, options: AverageOptions = {}): number {
  return averaged('jaccard', actual, predicted, options, (correct, are, said) => ratio(correct, are + said - correct))
}

/** Precision, recall and F1 of one class, and how many rows it has. */
export interface ClassReport {
  readonly label: Label
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly support: number
}

/** The figures of every class with their averages. */
export interface ClassificationReport {
  readonly classes: readonly ClassReport[]
  readonly accuracy: number
  readonly macro: Omit<ClassReport, 'label'>
  readonly weighted: Omit<ClassReport, 'label'>
}

/** Precision, recall, F1 and support of every class, with macro and weighted means. @throws InvalidArgument */
export function classificationReport(
  actual: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: ConfusionMatrixOptions = {},
): ClassificationReport {
  const matrix = confusionMatrix(actual, predicted, options)
  const counts = classCounts(matrix)
  const classes = matrix.classes.map((label, k): ClassReport => {
    const correct = counts.correct[k] as number
    const are = counts.actual[k] as number
    const said = counts.predicted[k] as number
    return { label, precision: ratio(correct, said), recall: ratio(correct, are), f1: f1Of(correct, are, said), support: are }
  })
  const mean = (weightOf: (report: ClassReport) => number): Omit<ClassReport, 'label'> => {
    const of = (pick: (report: ClassReport) => number): number => weightedMean(classes.map(pick), classes.map(weightOf))
    return { precision: of((r) => r.precision), recall: of((r) => r.recall), f1: of((r) => r.f1), support: matrix.total }
  }
  const right = counts.correct.reduce((sum, count) => sum + count, 0)
  return displayed({ classes, accuracy: right / matrix.total, macro: mean(() => 1), weighted: mean((r) => r.support) })
}

/** Lets a report read as a table. */
function displayed(report: ClassificationReport): ClassificationReport {
  const header = ['class', 'precision', 'recall', 'f1', 'rows']
  const line = (name: string, of: Omit<ClassReport, 'label'>): string[] => [
    name,
    ...[of.precision, of.recall, of.f1].map((value) => value.toFixed(3)),
    String(of.support),
  ]
  const rows = [
    ...report.classes.map((each) => line(String(each.label), each)),
    line('macro mean', report.macro),
    line('weighted mean', report.weighted),
  ]
  return attachDisplay(report, {
    text: () => `classification report: accuracy ${report.accuracy.toFixed(3)}\n${textTable(header, rows)}`,
    markdown: () => `accuracy ${report.accuracy.toFixed(3)}\n\n${markdownTable(header, rows)}`,
  })
}

type Figure = (correct: number, actual: number, predicted: number) => number

function averaged(
  name: string,
  actual: ArrayLike<Label>,
  predicted: ArrayLike<Label>,
  options: AverageOptions,
  figure: Figure,
  more: Readonly<Record<string, OptionRule>> = {},
): number {
  const rules = { average: oneOf('binary', 'macro', 'weighted', 'micro'), positive: anything(), classes: anything(), weights: anything() }
  checkOptions(name, options, { ...rules, ...more })
  const matrix = confusionMatrix(actual, predicted, { weights: options.weights })
  const { classes } = matrix
  const known = wholeClasses(options.classes ?? classes)
  const counts = classCounts(matrix)
  const average = options.average ?? (known.length <= 2 ? 'binary' : 'macro')
  if (average === 'binary') {
    const { positive } = options
    if (known.length === 1 && positive === undefined) return Number.NaN
    const k = classes.indexOf(known.length === 1 ? (positive as Label) : positiveOf(known, positive))
    return k < 0 ? 0 : figureOf(counts, k, figure)
  }
  if (average === 'micro') {
    const sum = (list: Float64Array): number => list.reduce((all, count) => all + count, 0)
    return figure(sum(counts.correct), sum(counts.actual), sum(counts.predicted))
  }
  const figures = classes.map((_, k) => figureOf(counts, k, figure))
  return weightedMean(figures, average === 'macro' ? figures.map(() => 1) : Array.from(counts.actual))
}

function figureOf(counts: ClassCounts, k: number, figure: Figure): number {
  return figure(counts.correct[k] as number, counts.actual[k] as number, counts.predicted[k] as number)
}

function f1Of(correct: number, actual: number, predicted: number): number {
  return ratio(2 * correct, actual + predicted)
}

function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  let sum = 0
  let all = 0
  for (let i = 0; i < values.length; i++) {
    sum += (values[i] as number) * (weights[i] as number)
    all += weights[i] as number
  }
  return ratio(sum, all)
}
