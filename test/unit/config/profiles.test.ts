import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config'

const file = `
training: { cv_folds: 5 }
model: { hyperparameters: { n_estimators: 50 } }
profiles:
  production:
    deployment: { api_port: 80 }
    training: { cv_folds: 10 }
    model: { hyperparameters: { max_depth: 3 } }
  quick: { training: { cv_folds: 2 } }
  empty:
`

describe('profiles', () => {
  it('replace keys of the file, and the environment replaces both', () => {
    expect(loadConfig(file, { env: {} })).toMatchObject({ training: { cv_folds: 5 }, deployment: { api_port: 8000 } })
    const config = loadConfig(file, { env: { MILLWRIGHT_DEPLOYMENT_API_PORT: '81' }, profile: 'production' })
    expect(config.training.cv_folds).toBe(10)
    expect(config.deployment).toMatchObject({ api_port: 81, api_host: '0.0.0.0' })
    expect(config.model.hyperparameters).toEqual({ max_depth: 3 })
    expect(Object.keys(config)).toEqual(['data', 'model', 'training', 'deployment', 'monitoring'])
    expect(loadConfig(file, { env: {}, profile: 'empty' })).toEqual(loadConfig(file, { env: {} }))
  })

  it('are chosen by MILLWRIGHT_PROFILE unless the option names one', () => {
    const env = { MILLWRIGHT_PROFILE: 'quick' }
    expect(loadConfig(file, { env }).training.cv_folds).toBe(2)
    expect(loadConfig(file, { env, profile: 'production' }).training.cv_folds).toBe(10)
    expect(loadConfig(file, { env: { MILLWRIGHT_PROFILE: '' } }).training.cv_folds).toBe(5)
  })

  it.each([
    [file, 'producton', 'there is no profile "producton"; did you mean production?'],
    [file, 'x', 'there is no profile "x"; there are production, quick, empty'],
    ['', 'x', 'there is no profile "x"; there are none'],
    [
      'profiles: { a: { training: { cv_fold: 3 } } }',
      undefined,
      'profiles.a.training.cv_fold is not a key of training; did you mean training.cv_folds?',
    ],
    ['profiles: { a: { training: { cv_folds: 1 } } }', 'a', 'profiles.a.training.cv_folds must be a whole number from 2 to 100, got 1'],
    ['profiles: { a: 5 }', 'a', 'profiles.a must be a mapping of sections, got 5'],
    ['profiles: [a]', undefined, 'profiles must be a mapping of names to sections, got an array of 1'],
    [
      'profiles: { a: { profiles: { b: {} } } }',
      undefined,
      'profiles.a.profiles is not a section; there are data, model, training, deployment, monitoring',
    ],
  ])('%j with %j: one problem', (text, profile, line) => {
    expect(() => loadConfig(text, { env: {}, ...(profile === undefined ? {} : { profile }) })).toThrow(
      `the configuration has a problem:\n- ${line}`,
    )
  })
})
