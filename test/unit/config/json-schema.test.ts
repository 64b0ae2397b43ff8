import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Validator } from '@cfworker/json-schema'
import { describe, expect, it } from 'vitest'
import { configJsonSchema, defaultConfig, loadConfig } from '../../../src/config'
import { isMillwrightError } from '../../../src/core/errors'
import { parseYaml } from '../../../src/core/yaml-read'

const valid = (text: string): boolean => new Validator(configJsonSchema() as object, '7').validate(parseYaml(text, 'test') ?? null).valid

function loads(text: string): boolean {
  try {
    loadConfig(text, { env: {} })
    return true
  } catch (error) {
    if (isMillwrightError(error, 'SchemaMismatch')) return false
    throw error
  }
}

describe('configJsonSchema', () => {
  it('is what the file in docs/ holds', () => {
    const path = fileURLToPath(new URL('../../../docs/config.schema.json', import.meta.url))
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(configJsonSchema())
  })

  it.each([
    '',
    JSON.stringify(defaultConfig()),
    'training:',
    'training: { cv_folds: 3 }',
    'training: { cv_folds: 1 }',
    'training: { cv_folds: 2.5 }',
    'training: { cv_fold: 3 }',
    'trainig: {}',
    'data: { train_test_split: 1 }',
    'data: { train_test_split: 0.999 }',
    'data: 5',
    'deployment: { api_host: "" }',
    'deployment: { api_port: 65536 }',
    'model: { algorithm: Random Forest }',
    'model: { hyperparameters: { a: { b: [1] } } }',
    'model: { hyperparameters: [1] }',
    'monitoring: { check_interval_hours: 0 }',
    'profiles: { a: { training: { cv_folds: 3 } }, b: }',
    'profiles: { a: { training: { cv_fold: 3 } } }',
    'profiles: { a: { profiles: {} } }',
    'profiles: [a]',
  ])('agrees with loadConfig about %j', (text) => {
    expect(valid(text)).toBe(loads(text))
  })

  it('names the allowed learners, and every key has a default and a sentence', () => {
    const schema = configJsonSchema({ algorithms: ['ridge'] }) as { properties: Record<string, { properties: Record<string, object> }> }
    expect(schema.properties.model?.properties.algorithm).toMatchObject({ enum: ['ridge'] })
    const { profiles: _, ...sections } = schema.properties
    for (const [name, section] of Object.entries(defaultConfig())) {
      for (const key of Object.keys(section)) {
        expect(sections[name]?.properties[key]).toMatchObject({ default: expect.anything(), description: expect.any(String) })
      }
    }
  })
})
