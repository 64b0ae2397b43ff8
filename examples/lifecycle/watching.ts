/** The monitors: one over what the server answers, one over what the first champion alone would have answered. */
import { type Dataset, DriftDetector, type FittedModel, Monitor, type ObjectStore, withColumn } from 'millwright'
import { features } from './data'
import { type Settings, story } from './settings'

/** The time of the story: the hour whose data is on its way. The year passes as fast as it can be computed. */
export const dataTime = { now: story.streamFrom }

const clock = {
  now: () => dataTime.now,
  schedule(callback: () => void, delayMs: number) {
    const timer = setTimeout(callback, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

/** What drift is measured against: the inputs a model learned from, and its answers to them. */
export function detectorFor(train: Dataset, fitted: FittedModel, { config }: Settings): DriftDetector {
  const reference = withColumn(train, 'prediction', fitted.predict(train) as boolean[], { type: 'boolean' })
  return new DriftDetector({ method: 'psi', psiThreshold: config.monitoring.drift_threshold }).fit(reference, {
    columns: [...features, 'prediction'],
  })
}

/** Rows in a window before anything is said about it: seven days, but for a few gaps. Six days would lack a weekday. */
const minRows = 160
/** Inputs come as JSON; the one column the model does not know has its type told here. */
const types = { timestamp: 'timestamp' } as const

/** Watches the server: alerts on seven days of accuracy, warns on seven days of drift. */
export function liveMonitor(settings: Settings, storage: ObjectStore, detector: DriftDetector, name: string): Monitor {
  // Labels are a day late: eight days hold seven labelled ones.
  const labelled = { lastMs: story.windowMs + story.labelDelayMs }
  return new Monitor({
    ...{ name, storage, detector, clock, types, eventTime: 'timestamp' },
    rules: [
      {
        ...{ name: 'performance', kind: 'performance', metric: 'accuracy', window: labelled, minRows, version: 'newest', noData: 'ok' },
        below: settings.config.monitoring.performance_threshold,
        // Over only a point above the threshold, so that an alert does not come and go with every cloud.
        clear: settings.config.monitoring.performance_threshold + story.margin,
      },
      { name: 'drift', kind: 'drift', window: { lastMs: story.windowMs }, minRows },
    ],
  })
}

/** The same log for the first champion, without rules: the line to compare with. */
export function shadowMonitor(): Monitor {
  return new Monitor({ name: 'first-champion', clock, types, eventTime: 'timestamp' })
}
