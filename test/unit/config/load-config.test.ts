import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { defaultConfig, loadConfig } from '../../../src/config'
import { isMillwrightError, type SchemaMismatchError } from '../../../src/core/errors'

const example = `data: { raw_data_path: data/raw/, processed_data_path: data/processed/, train_test_split: 0.8 }
model: { algorithm: random_forest, hyperparameters: { n_estimators: 100, max_depth: 10, random_state: 42 } }
training: { cv_folds: 5, scoring_metric: accuracy, min_accuracy_threshold: 0.8 }
deployment: { api_host: 0.0.0.0, api_port: 8000, model_path: models/ }
monitoring: { drift_threshold: 0.25, performance_threshold: 0.8, check_interval_hours: 24 }
`

function failure(text: string, env: Record<string, string> = {}): SchemaMismatchError {
  try {
    loadConfig(text, { env })
  } catch (error) {
    if (isMillwrightError(error, 'SchemaMismatch')) return error as SchemaMismatchError
    throw error
  }
  throw new Error('no error')
}

describe('loadConfig', () => {
  it('gives the defaults for an empty file, which are those of the example', () => {
    expect(loadConfig('', { env: {} })).toEqual(defaultConfig())
    expect(loadConfig(example, { env: {} })).toEqual(defaultConfig())
    expect(loadConfig('training:\n', { env: {} })).toEqual(defaultConfig())
  })

  it('keeps what the file says and completes the rest', () => {
    const config = loadConfig('training:\n  cv_folds: 3\nmodel:\n  hyperparameters: { max_depth: 4 }\n', { env: {} })
    expect(config.training).toEqual({ cv_folds: 3, scoring_metric: 'accuracy', min_accuracy_threshold: 0.8 })
    expect(config.model).toEqual({ algorithm: 'random_forest', hyperparameters: { max_depth: 4 } })
  })

  it('has no default hyperparameters for another learner', () => {
    expect(loadConfig('model: { algorithm: ridge }', { env: {} }).model.hyperparameters).toEqual({})
  })

  it('is frozen all the way down', () => {
    const config = loadConfig('model: { hyperparameters: { layers: [1, 2] } }', { env: {} })
    expect(Object.isFrozen(config.model.hyperparameters.layers)).toBe(true)
    expect(Object.isFrozen(config.data)).toBe(true)
    expect(Object.isFrozen(defaultConfig())).toBe(true)
  })

  it('lists every problem on a line of its own, with its dotted path', () => {
    const error = failure(
      'trainig: { cv_folds: 3 }\ntraining: { cv_fold: 3, min_accuracy_threshold: 1.5 }\ndeployment: { api_port: eighty }\ndata: 5\n',
    )
    expect(error.message.split('\n').sort()).toEqual(
      [
        'the configuration has 5 problems:',
        '- trainig is not a section; did you mean training?',
        '- training.cv_fold is not a key of training; did you mean training.cv_folds?',
        '- training.min_accuracy_threshold must be a number from 0 to 1, got 1.5',
        '- deployment.api_port must be a whole number from 0 to 65535, got "eighty"',
        '- data must be a mapping of raw_data_path, processed_data_path, train_test_split, got 5',
      ].sort(),
    )
    expect(error.issues).toHaveLength(5)
    expect(error.issues.map((issue) => issue.path.join('.'))).toContain('training.cv_fold')
  })

  it.each([
    ['data: { train_test_split: 1 }', 'data.train_test_split must be a number between 0 and 1, both excluded, got 1'],
    ['data: { train_test_split: 0 }', 'data.train_test_split must be a number between 0 and 1, both excluded, got 0'],
    ['training: { cv_folds: 1 }', 'training.cv_folds must be a whole number from 2 to 100, got 1'],
    ['training: { cv_folds: 2.5 }', 'training.cv_folds must be a whole number from 2 to 100, got 2.5'],
    ['training: { cv_folds: "5" }', 'training.cv_folds must be a whole number from 2 to 100, got "5"'],
    ['training: { cv_folds: }', 'training.cv_folds must be a whole number from 2 to 100, got null'],
    ['deployment: { api_port: 65536 }', 'deployment.api_port must be a whole number from 0 to 65535, got 65536'],
    ['deployment: { api_host: "" }', 'deployment.api_host must be a non-empty string, got ""'],
    ['monitoring: { check_interval_hours: 0 }', 'monitoring.check_interval_hours must be a number > 0 and ≤ 8760, got 0'],
    ['monitoring: { drift_threshold: .nan }', 'monitoring.drift_threshold must be a number > 0, got NaN'],
    ['model: { algorithm: Random Forest }', 'model.algorithm must be the name of a learner in snake_case, got "Random Forest"'],
    ['model: { hyperparameters: [1] }', 'model.hyperparameters must be a mapping of settings, got an array of 1'],
    ['frobnicate: 1', 'frobnicate is not a section; there are data, model, training, deployment, monitoring'],
  ])('%s', (text, line) => {
    expect(failure(text).message).toBe(`the configuration has a problem:\n- ${line}`)
  })

  it('knows the learners when told, and names the file', () => {
    const options = { env: {}, algorithms: ['random_forest', 'ridge'], source: 'config.yaml' }
    expect(loadConfig('model: { algorithm: ridge }', options).model.algorithm).toBe('ridge')
    expect(() => loadConfig('model: { algorithm: rigde }', options)).toThrow(
      'config.yaml has a problem:\n- model.algorithm must be one of random_forest, ridge, got "rigde"',
    )
  })

  it('refuses what is not a mapping, not YAML, not text, and unknown options', () => {
    expect(() => loadConfig('- 1', { env: {} })).toThrow('the configuration must be a mapping of data, model')
    expect(() => loadConfig('data: {', { env: {} })).toThrow('the configuration is not valid YAML: line 1')
    expect(() => loadConfig(5 as unknown as string)).toThrow('loadConfig takes the text of a YAML file, got 5')
    expect(() => loadConfig('', { evn: {} } as object)).toThrow('`evn` is not an option of loadConfig')
    expect(loadConfig('__proto__: { polluted: 1 }', { env: {} })).toEqual(defaultConfig())
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('environment variables', () => {
  it('override the file, read as the type of their key', () => {
    const env = {
      MILLWRIGHT_TRAINING_CV_FOLDS: '3',
      MILLWRIGHT_DEPLOYMENT_API_HOST: '127.0.0.1',
      MILLWRIGHT_DATA_TRAIN_TEST_SPLIT: '.75',
      MILLWRIGHT_DATA_RAW_DATA_PATH: '2024',
      MILLWRIGHT_MONITORING_DRIFT_THRESHOLD: '',
      MILLWRIGHT_HOME_DIRECTORY: 'elsewhere',
      PATH: '/bin',
    }
    const config = loadConfig('training: { cv_folds: 7, scoring_metric: f1 }', { env })
    expect(config.training).toEqual({ cv_folds: 3, scoring_metric: 'f1', min_accuracy_threshold: 0.8 })
    expect(config.deployment.api_host).toBe('127.0.0.1')
    expect(config.data).toEqual({ raw_data_path: '2024', processed_data_path: 'data/processed/', train_test_split: 0.75 })
    expect(config.monitoring.drift_threshold).toBe(0.25)
  })

  it('never give one learner the default settings of another', () => {
    const one = { MILLWRIGHT_MODEL_HYPERPARAMETERS_C: '0.5' }
    const of = (file: string, env: Record<string, string>) => loadConfig(file, { env }).model.hyperparameters
    expect(of('model: { algorithm: logistic_regression }', one)).toEqual({ c: 0.5 })
    expect(of('', { ...one, MILLWRIGHT_MODEL_ALGORITHM: 'logistic_regression' })).toEqual({ c: 0.5 })
    expect(of('', { MILLWRIGHT_MODEL_ALGORITHM: 'logistic_regression' })).toEqual({})
    expect(of('model: { algorithm: ridge, hyperparameters: { alpha: 2 } }', one)).toEqual({ alpha: 2, c: 0.5 })
    expect(of('model: { algorithm: ridge, hyperparameters: null }', one)).toEqual({ c: 0.5 })
    expect(
      of('model: { algorithm: ridge }', { MILLWRIGHT_MODEL_ALGORITHM: 'random_forest', MILLWRIGHT_MODEL_HYPERPARAMETERS_MAX_DEPTH: '3' }),
    ).toEqual({
      n_estimators: 100,
      max_depth: 3,
      random_state: 42,
    })
  })

  it('set hyperparameters as a whole or one by one', () => {
    const file = 'model: { hyperparameters: { n_estimators: 20, max_depth: 3 } }'
    const one = loadConfig(file, { env: { MILLWRIGHT_MODEL_HYPERPARAMETERS_MAX_DEPTH: '9' } })
    expect(one.model.hyperparameters).toEqual({ n_estimators: 20, max_depth: 9 })
    const env = { MILLWRIGHT_MODEL_HYPERPARAMETERS_C: '1.5', MILLWRIGHT_MODEL_HYPERPARAMETERS: '{ penalty: l2 }' }
    expect(loadConfig(file, { env }).model.hyperparameters).toEqual({ penalty: 'l2', c: 1.5 })
    expect(loadConfig('', { env: { MILLWRIGHT_MODEL_HYPERPARAMETERS_MAX_DEPTH: '9' } }).model.hyperparameters).toEqual({
      n_estimators: 100,
      max_depth: 9,
      random_state: 42,
    })
  })

  it('are named when their value is wrong or their name unknown', () => {
    const error = failure('', {
      MILLWRIGHT_TRAINING_CV_FOLDS: 'five',
      MILLWRIGHT_TRAINING_CV_FODLS: '3',
      MILLWRIGHT_TRANING_CV_FOLDS: '3',
      MILLWRIGHT_DEPLOYMENT_API_PORT: '70000',
    })
    expect(error.issues.map((issue) => issue.message).sort()).toEqual([
      'deployment.api_port must be a whole number from 0 to 65535, got 70000 (from MILLWRIGHT_DEPLOYMENT_API_PORT)',
      'the environment variable MILLWRIGHT_TRAINING_CV_FODLS sets no key of the configuration; did you mean MILLWRIGHT_TRAINING_CV_FOLDS?',
      'the environment variable MILLWRIGHT_TRANING_CV_FOLDS sets no key of the configuration; did you mean MILLWRIGHT_TRAINING_…?',
      'training.cv_folds must be a whole number from 2 to 100, got "five" (from MILLWRIGHT_TRAINING_CV_FOLDS)',
    ])
  })

  it('of this process are read by default', () => {
    process.env.MILLWRIGHT_TRAINING_CV_FOLDS = '4'
    try {
      expect(loadConfig('').training.cv_folds).toBe(4)
    } finally {
      delete process.env.MILLWRIGHT_TRAINING_CV_FOLDS
    }
  })
})

describe('what is no text of a file', () => {
  it.each(['config.yaml', './conf/prod.yml', 'C:\\app\\config.json'])('%s is a path, and the message says how to read it', (path) => {
    const shown = JSON.stringify(path)
    expect(() => loadConfig(path)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: `loadConfig takes the text of a YAML file, got what looks like the path of one: ${shown}`,
        hint: `read the file first: loadConfig(await readFile(${shown}, 'utf8'))`,
      }),
    )
  })

  it('a forgotten await', () => {
    expect(() => loadConfig(Promise.resolve('') as never)).toThrow(/takes the text of a YAML file, got an? /)
  })
})

describe('a configuration in a console', () => {
  it('reads as a file', () => {
    const config = defaultConfig()
    expect(inspect(config)).toMatch(/^# configuration of random_forest\ndata:\n {2}raw_data_path: data\/raw\/\n/)
    expect(inspect(config)).toContain('  hyperparameters: {"n_estimators":100,"max_depth":10,"random_state":42}\n')
    expect(JSON.parse(JSON.stringify(config))).toEqual(config)
  })
})
