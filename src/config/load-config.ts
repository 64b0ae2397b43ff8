/** Reads the configuration file and tells everything that is wrong with it at once. */
import { attachDisplay, markdownTable } from '../core/display'
import { type Issue, invalidArgument, SchemaMismatchError, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, ofType } from '../core/options'
import { nearest } from '../core/spelling'
import { parseYaml } from '../core/yaml-read'
import type { Config } from './config'
import { type Environment, readOverrides } from './environment'
import { configFields, configSchema, defaultHyperparameters, type Field, type Fields } from './fields'
import { applyProfile } from './profiles'

/** Options of {@link loadConfig}. */
export interface LoadConfigOptions {
  /** Variables that override the file. Pass `{}` for none. @default the process's own, where there is a process */
  readonly env?: Environment | undefined
  /** The name of one of the file's `profiles`, whose keys replace those of the rest. @default the variable MILLWRIGHT_PROFILE, else none */
  readonly profile?: string | undefined
  /** Names of the learners that `model.algorithm` may take; without it any name in snake_case. */
  readonly algorithms?: readonly string[] | undefined
  /** What is read, for messages. @default 'the configuration' */
  readonly source?: string | undefined
}

/**
 * The configuration in `yamlText`, checked and completed by defaults. Frozen, keys in snake_case as in the file.
 *
 * Sections and keys may be left out. Keys of the chosen profile replace those of the file; `MILLWRIGHT_<SECTION>_<KEY>` in the environment
 * overrides both, read as the type the key has; see the guide on configuration.
 *
 * @throws SchemaMismatch listing every unknown key (with the nearest known one), wrong type and value out of range, one line each;
 *   Corrupt or Unsupported when the text is not YAML that is read here
 *
 * @example
 * const config = loadConfig('training: { cv_folds: 3 }')
 * config.training.cv_folds // 3
 * config.deployment.api_port // 8000
 */
export function loadConfig(yamlText: string, options: LoadConfigOptions = {}): Config {
  checkOptions('loadConfig', options, {
    env: ofType('object'),
    profile: nonEmptyString(),
    algorithms: arrayOf(nonEmptyString()),
    source: nonEmptyString(),
  })
  const source = options.source ?? 'the configuration'
  assertYamlText(yamlText)
  const read = parseYaml(yamlText, source) ?? {}
  const fields = configFields(options.algorithms)
  if (!isRecord(read)) {
    throw new SchemaMismatchError(`${source} must be a mapping of ${Object.keys(fields).join(', ')}, got ${show(read)}`, [])
  }
  const env = options.env ?? processEnvironment()
  const wanted = options.profile ?? (env.MILLWRIGHT_PROFILE || undefined)
  const { file, issues: inProfiles } = applyProfile(read, wanted, (part) => problems(part, fields, new Map()))
  const given = isRecord(file.model) ? file.model.hyperparameters : undefined
  const overrides = readOverrides(env, fields, {
    algorithm: isRecord(file.model) ? file.model.algorithm : undefined,
    hyperparameters: given ?? undefined,
  })
  const merged = withOverrides(file, overrides.values)
  const issues = [...problems(merged, fields, overrides.origins), ...inProfiles, ...overrides.issues]
  if (issues.length > 0) throw mismatch(source, issues)
  return completed(merged, fields)
}

/** The configuration of an empty file and an empty environment. */
export function defaultConfig(): Config {
  return completed({}, configFields())
}

/** Refuses what was meant to name a file, or is not text. @throws InvalidArgument */
function assertYamlText(given: unknown): void {
  if (typeof given !== 'string') throw invalidArgument(`loadConfig takes the text of a YAML file, got ${show(given)}`)
  const path = given.trim()
  if (!/^[^\n{}#]+\.(ya?ml|json)$/i.test(path) || path.includes(': ')) return
  throw invalidArgument(`loadConfig takes the text of a YAML file, got what looks like the path of one: ${show(path)}`, {
    hint: `read the file first: loadConfig(await readFile(${show(path)}, 'utf8'))`,
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function processEnvironment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {}
}

function withOverrides(file: Readonly<Record<string, unknown>>, values: Readonly<Record<string, object>>): Record<string, unknown> {
  const merged = { ...file }
  for (const [section, keys] of Object.entries(values)) {
    // A section that is no mapping stays as it is, so that the message tells about it.
    if (isRecord(merged[section] ?? {})) merged[section] = { ...(merged[section] as object | null), ...keys }
  }
  return merged
}

function problems(merged: Readonly<Record<string, unknown>>, fields: Fields, origins: ReadonlyMap<string, string>): Issue[] {
  const result = configSchema(fields).safeParse(merged)
  if (result.success) return []
  const issues = new Map<string, Issue>()
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path.map(String).slice(0, 2)
    const unknown =
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(path, key, fields))
        : [badValue(path, merged, fields, origins)]
    for (const entry of unknown) issues.set(entry.path.join('.'), entry)
  }
  return [...issues.values()]
}

function unknownKey(path: readonly string[], key: string, fields: Fields): Issue {
  const known = Object.keys(path.length === 0 ? fields : fields[path[0] as keyof Fields])
  const meant = nearest(key, known)
  const hint = meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${[...path, meant].join('.')}?`
  const what = path.length === 0 ? 'section' : `key of ${path[0]}`
  return { path: [...path, key], code: 'unknown-key', message: `${[...path, key].join('.')} is not a ${what}; ${hint}` }
}

function badValue(
  path: readonly string[],
  merged: Readonly<Record<string, unknown>>,
  fields: Fields,
  origins: ReadonlyMap<string, string>,
): Issue {
  const [section = '', key] = path
  const name = path.join('.')
  const keys = fields[section as keyof Fields] as Readonly<Record<string, Field>>
  const allowed = key === undefined ? `a mapping of ${Object.keys(keys).join(', ')}` : keys[key]?.allowed
  const value = key === undefined ? merged[section] : (merged[section] as Record<string, unknown>)[key]
  const origin = origins.get(name)
  const from = origin === undefined ? '' : ` (from ${origin})`
  return { path: [...path], code: 'bad-value', message: `${name} must be ${allowed}, got ${show(value)}${from}` }
}

function mismatch(source: string, issues: readonly Issue[]): SchemaMismatchError {
  const count = issues.length === 1 ? 'a problem' : `${issues.length} problems`
  return new SchemaMismatchError([`${source} has ${count}:`, ...issues.map((issue) => `- ${issue.message}`)].join('\n'), issues)
}

function completed(merged: Readonly<Record<string, unknown>>, fields: Fields): Config {
  const config: Record<string, Record<string, unknown>> = {}
  for (const [name, section] of Object.entries(fields)) {
    const given = (merged[name] ?? {}) as Record<string, unknown>
    const keys = Object.entries(section as Record<string, Field>)
    config[name] = Object.fromEntries(keys.map(([key, field]) => [key, given[key] ?? field.initial]))
  }
  const model = config.model as Record<string, unknown>
  const own = isRecord(merged.model) ? (merged.model.hyperparameters ?? undefined) : undefined
  model.hyperparameters = own ?? defaultHyperparameters(fields, model.algorithm)
  attachDisplay(config, { text: () => configText(config), markdown: () => configMarkdown(config) })
  return deepFreeze(config) as unknown as Config
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) deepFreeze(member)
  }
  return value
}

function lines(config: Readonly<Record<string, Readonly<Record<string, unknown>>>>): [section: string, key: string, value: string][] {
  return Object.entries(config).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, value]): [string, string, string] => [
      section,
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )
}

/** The configuration as it would stand in a file. */
function configText(config: Parameters<typeof lines>[0]): string {
  const sections = Object.keys(config).map((section) => {
    const keys = lines(config).filter(([of]) => of === section)
    return [`${section}:`, ...keys.map(([, key, value]) => `  ${key}: ${value}`)].join('\n')
  })
  return [`# configuration of ${String(config.model?.algorithm)}`, ...sections].join('\n')
}

function configMarkdown(config: Parameters<typeof lines>[0]): string {
  return markdownTable(['section', 'key', 'value'], lines(config))
}
