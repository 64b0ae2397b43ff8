/** The configuration file as a JSON Schema, with which editors complete keys and mark mistakes. */
import * as z from 'zod/mini'
import { arrayOf, checkOptions, nonEmptyString } from '../core/options'
import { configFields, type Field, type Fields } from './fields'
import type { LoadConfigOptions } from './load-config'

/** A JSON Schema document. Plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>

const aboutSection: Readonly<Record<keyof Fields, string>> = {
  data: 'Where data lies and how it is divided.',
  model: 'What is trained.',
  training: 'How it is trained and when that was good enough.',
  deployment: 'Where it is served.',
  monitoring: 'How it is watched.',
}

/**
 * The JSON Schema (draft 7, which editors know) of the file that `loadConfig` reads: every key with its type, range, default and one sentence.
 * The package has it as a file, too: `millwright/docs/config.schema.json`.
 *
 * @example
 * await writeFile('config.schema.json', JSON.stringify(configJsonSchema({ algorithms: ['random_forest', 'ridge'] })))
 */
export function configJsonSchema(options: Pick<LoadConfigOptions, 'algorithms'> = {}): JsonSchema {
  checkOptions('configJsonSchema', options, { algorithms: arrayOf(nonEmptyString()) })
  const fields = configFields(options.algorithms)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of a Millwright project',
    ...sections(fields, true),
    definitions: { profile: sections(fields, false) },
  }
}

function sections(fields: Fields, isWhole: boolean): JsonSchema {
  const properties = Object.entries(fields).map(([name, section]) => {
    const keys = Object.entries(section as Record<string, Field>).map(([key, field]) => [key, keySchema(field, isWhole)])
    const description = aboutSection[name as keyof Fields]
    return [name, { type: ['object', 'null'], description, properties: Object.fromEntries(keys), additionalProperties: false }]
  })
  const profiles = {
    type: ['object', 'null'],
    description: 'Named parts that replace keys of the rest; chosen by the option profile or by MILLWRIGHT_PROFILE.',
    additionalProperties: { $ref: '#/definitions/profile' },
  }
  return {
    type: ['object', 'null'],
    properties: Object.fromEntries([...properties, ...(isWhole ? [['profiles', profiles]] : [])]),
    additionalProperties: false,
  }
}

function keySchema({ schema, initial, about }: Field, isWhole: boolean): JsonSchema {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { target: 'draft-7' })
  return { description: about, ...plain, ...(isWhole ? { default: initial } : {}) }
}
