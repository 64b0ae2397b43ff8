/** What the program is told: the configuration file, the command line, and what the story itself fixes. */
import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig, MillwrightError, randomForestClassifier } from 'millwright'
import type { RandomForestClassifierOptions } from 'millwright/learn'
import { type ClassificationMetricName, classificationMetricNames } from 'millwright/metrics'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** What the configuration file does not say. */
export const story = {
  model: 'bikes',
  target: 'busy',
  /** An hour is busy with more rentals than this. */
  busyAbove: 150,
  /** The first model learns from what came before this day; the rest of the year is sent to it. */
  streamFrom: Date.UTC(2011, 3, 1),
  /** Live accuracy and drift look at this much of the newest data. */
  windowMs: 7 * DAY,
  /** The true value of an hour is known this much later: it is then a feature of the next day. */
  labelDelayMs: 24 * HOUR,
  /** Champion and challenger are compared on the newest labelled days, which the challenger has not seen. */
  holdoutMs: 7 * DAY,
  /** The challenger must be better by a point. */
  margin: 0.01,
  /** Least time between two retrainings. */
  coolDownMs: 14 * DAY,
} as const

/** Everything the program needs to know. */
export type Settings = Awaited<ReturnType<typeof readSettings>>

/** Reads arguments and configuration. @throws one sentence for each thing wrong */
export async function readSettings(args: readonly string[]) {
  const { values } = parse(args)
  const configPath = resolve(values.config ?? fileURLToPath(new URL('config/config.yaml', import.meta.url)))
  const config = loadConfig(await readText(configPath), { source: values.config ?? 'config/config.yaml', algorithms: ['random_forest'] })
  const { raw_data_path: csv, processed_data_path: processed } = config.data
  return {
    config,
    csvPath: isAbsolute(csv) ? csv : join(dirname(dirname(configPath)), csv),
    processedPrefix: processed.replace(/^\/+|\/+$/g, ''),
    root: resolve(values.folder ?? config.deployment.model_path),
    /** `config.model.hyperparameters` in the words of `randomForestClassifier`. */
    forest: forestOptions(config.model.hyperparameters),
    metric: metricOf(config.training.scoring_metric),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { folder: { type: 'string' }, config: { type: 'string' } } })
  } catch (error) {
    throw new MillwrightError('InvalidArgument', `${(error as Error).message.split('. ')[0]}; there are --folder and --config`)
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new MillwrightError('NotFound', `the configuration file ${path} cannot be read (${(cause as { code?: string }).code})`, { cause })
  }
}

/** Words of the configuration file (scikit-learn's) for options of `randomForestClassifier`. */
const forestWords: Readonly<Record<string, keyof RandomForestClassifierOptions>> = {
  n_estimators: 'nEstimators',
  max_depth: 'maxDepth',
  min_samples_split: 'minSamplesSplit',
  min_samples_leaf: 'minSamplesLeaf',
  max_features: 'maxFeatures',
  max_samples: 'maxSamples',
  bootstrap: 'bootstrap',
  criterion: 'criterion',
  random_state: 'seed',
}

/** @throws InvalidArgument on a word that is none, or a value out of range */
function forestOptions(hyperparameters: Readonly<Record<string, unknown>>): RandomForestClassifierOptions {
  const unknown = Object.keys(hyperparameters).find((key) => !Object.hasOwn(forestWords, key))
  if (unknown !== undefined) {
    throw new MillwrightError(
      'InvalidArgument',
      `model.hyperparameters.${unknown} is not known here; there are ${Object.keys(forestWords).join(', ')}`,
    )
  }
  const options = Object.fromEntries(Object.entries(hyperparameters).map(([key, value]) => [forestWords[key], value]))
  randomForestClassifier(options)
  return options
}

/** The metric that decides between champion and challenger. @throws InvalidArgument on a name that is none of a classifier */
function metricOf(name: string): ClassificationMetricName {
  if ((classificationMetricNames as readonly string[]).includes(name)) return name as ClassificationMetricName
  throw new MillwrightError('InvalidArgument', `training.scoring_metric is "${name}"; there are ${classificationMetricNames.join(', ')}`)
}
