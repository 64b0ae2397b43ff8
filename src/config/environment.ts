/** Environment variables as overrides of the configuration: `MILLWRIGHT_<SECTION>_<KEY>`. */
import type { Issue } from '../core/errors'
import { nearest } from '../core/spelling'
import { parseYaml } from '../core/yaml-read'
import { defaultHyperparameters, type Field, type Fields } from './fields'

/** The variables of a process: name → text. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says: values by section and key, which variable each came from, and what is wrong with them. */
export interface Overrides {
  readonly values: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** `section.key` → name of the variable. */
  readonly origins: ReadonlyMap<string, string>
  readonly issues: readonly Issue[]
}

const prefix = 'MILLWRIGHT_'

/**
 * Reads the overrides. An empty variable counts as not set. `MILLWRIGHT_MODEL_HYPERPARAMETERS` is a YAML or JSON mapping;
 * `MILLWRIGHT_MODEL_HYPERPARAMETERS_<NAME>` sets one setting and keeps the others.
 *
 * @param file the algorithm and the hyperparameters of the file: single settings are added to the latter, or to the defaults of the algorithm in
 * force where the file gives none
 */
export function readOverrides(
  environment: Environment,
  fields: Fields,
  file: { readonly algorithm: unknown; readonly hyperparameters: unknown },
): Overrides {
  const values: Record<string, Record<string, unknown>> = {}
  const origins = new Map<string, string>()
  const issues: Issue[] = []
  const set = (section: string, key: string, value: unknown, name: string): void => {
    values[section] = { ...values[section], [key]: value }
    origins.set(`${section}.${key}`, name)
  }
  // Sorted, so that the whole mapping comes before its single settings.
  for (const name of Object.keys(environment).sort()) {
    const text = environment[name]
    if (!name.startsWith(prefix) || text === undefined || text === '') continue
    const words = name.slice(prefix.length).toLowerCase()
    const section = Object.keys(fields).find((known) => words.startsWith(`${known}_`))
    if (section === undefined) {
      const meant = nearest(words.split('_')[0] as string, Object.keys(fields))
      if (meant !== undefined) issues.push(unknownVariable(name, `${prefix}${meant.toUpperCase()}_…`))
      continue
    }
    const keys = fields[section as keyof Fields] as Readonly<Record<string, Field>>
    const key = words.slice(section.length + 1)
    const setting = section === 'model' ? /^hyperparameters_(.+)$/.exec(key)?.[1] : undefined
    if (setting !== undefined) {
      // Sorted, `MILLWRIGHT_MODEL_ALGORITHM` has been read before.
      const algorithm = values.model?.algorithm ?? file.algorithm ?? fields.model.algorithm.initial
      const before = values.model?.hyperparameters ?? file.hyperparameters ?? defaultHyperparameters(fields, algorithm)
      const base = typeof before === 'object' && before !== null ? before : {}
      set(section, 'hyperparameters', { ...base, [setting]: looseValue(text) }, name)
    } else if (Object.hasOwn(keys, key)) set(section, key, typedValue(text, keys[key] as Field), name)
    else {
      const meant = nearest(key, Object.keys(keys))
      issues.push(unknownVariable(name, meant && `${prefix}${section.toUpperCase()}_${meant.toUpperCase()}`))
    }
  }
  return { values, origins, issues }
}

function unknownVariable(name: string, meant: string | undefined): Issue {
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  return { path: [name], code: 'unknown-variable', message: `the environment variable ${name} sets no key of the configuration${hint}` }
}

/** The text as the type its key has; text that does not fit stays text, for the schema to refuse. */
function typedValue(text: string, field: Field): unknown {
  if (typeof field.initial === 'string') return text
  if (typeof field.initial === 'number') {
    const number = Number(text)
    return text.trim() !== '' && !Number.isNaN(number) ? number : text
  }
  return looseValue(text)
}

function looseValue(text: string): unknown {
  try {
    return parseYaml(text, 'an environment variable')
  } catch {
    return text
  }
}
