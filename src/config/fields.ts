/** Every key of the configuration: its zod schema, the words for what it allows, its default. */
import * as z from 'zod/mini'
import type { Config } from './config'

/** One key of one section. */
export interface Field {
  readonly schema: z.ZodMiniType<unknown>
  /** What is allowed, as it reads after "must be ". */
  readonly allowed: string
  readonly initial: unknown
  /** One sentence, for editors. */
  readonly about: string
}

/** Section → key → field. */
export type Fields = { readonly [S in keyof Config]: { readonly [K in keyof Config[S]]: Field } }

/** The table of keys; `algorithms`, when given, are the only allowed learners. */
export function configFields(algorithms?: readonly string[]): Fields {
  return {
    data: {
      raw_data_path: text('data/raw/', 'Folder or file of the data as it arrives.'),
      processed_data_path: text('data/processed/', 'Folder of the data made ready for training.'),
      train_test_split: {
        schema: z.number().check(z.gt(0), z.lt(1)),
        allowed: 'a number between 0 and 1, both excluded',
        initial: 0.8,
        about: 'Share of the rows to train on.',
      },
    },
    model: {
      algorithm: algorithm(algorithms),
      hyperparameters: {
        schema: z.record(z.string(), z.unknown()),
        allowed: 'a mapping of settings',
        initial: { n_estimators: 100, max_depth: 10, random_state: 42 },
        about: 'Settings of the learner. Given ones replace the defaults, which are those of random_forest, as a whole.',
      },
    },
    training: {
      cv_folds: whole(2, 100, 5, 'Folds of cross-validation.'),
      scoring_metric: text('accuracy', 'Name of the metric that decides.'),
      min_accuracy_threshold: share(0.8, 'Least score that passes the gate.'),
    },
    deployment: {
      api_host: text('0.0.0.0', 'Address to listen on.'),
      api_port: whole(0, 65535, 8000, 'Port to listen on; 0 takes any free one.'),
      model_path: text('models/', 'Folder of models.'),
    },
    monitoring: {
      drift_threshold: {
        schema: z.number().check(z.gt(0)),
        allowed: 'a number > 0',
        initial: 0.25,
        about: 'Drift score above which a column has drifted.',
      },
      performance_threshold: share(0.8, 'Live performance below which retraining starts.'),
      check_interval_hours: {
        schema: z.number().check(z.gt(0), z.lte(8760)),
        allowed: 'a number > 0 and ≤ 8760',
        initial: 24,
        about: 'Hours between checks.',
      },
    },
  }
}

/** The settings of a learner when none are given: the defaults are those of one learner and never reach another. */
export function defaultHyperparameters(fields: Fields, algorithm: unknown): unknown {
  return algorithm === fields.model.algorithm.initial ? fields.model.hyperparameters.initial : {}
}

/** One zod schema of the whole file; keys and sections may be left out, unknown ones are refused. */
export function configSchema(fields: Fields): z.ZodMiniType<unknown> {
  const sections = Object.entries(fields).map(([name, section]) => {
    const keys = Object.entries(section as Record<string, Field>).map(([key, field]) => [key, z.optional(field.schema)])
    return [name, z.nullish(z.strictObject(Object.fromEntries(keys)))]
  })
  return z.strictObject(Object.fromEntries(sections))
}

function text(initial: string, about: string): Field {
  return { schema: z.string().check(z.minLength(1)), allowed: 'a non-empty string', initial, about }
}

function whole(min: number, max: number, initial: number, about: string): Field {
  return { schema: z.int().check(z.gte(min), z.lte(max)), allowed: `a whole number from ${min} to ${max}`, initial, about }
}

function share(initial: number, about: string): Field {
  return { schema: z.number().check(z.gte(0), z.lte(1)), allowed: 'a number from 0 to 1', initial, about }
}

function algorithm(algorithms: readonly string[] | undefined): Field {
  const initial = 'random_forest'
  const about = 'Name of the learner.'
  if (algorithms !== undefined) return { schema: z.enum(algorithms), allowed: `one of ${algorithms.join(', ')}`, initial, about }
  const schema = z.string().check(z.regex(/^[a-z][a-z0-9_]*$/))
  return { schema, allowed: 'the name of a learner in snake_case', initial, about }
}
