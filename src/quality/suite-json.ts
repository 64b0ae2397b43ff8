/** Suites in the files of Great Expectations. */
import { MillwrightError, show } from '../core/errors'
import { type Json, parseJson } from '../core/json'
import { displayedSuite, type Expectation, type ExpectationSuite, type Severity } from './expectation'

type JsonObject = Readonly<Record<string, unknown>>

/** What new suites say of their format: the version that lane `gx` runs them in. It writes the version of itself there, and reads any. */
const GREAT_EXPECTATIONS = '1.24.1'

/** The JSON object of a suite, as Great Expectations 1.x reads it. A suite that was read keeps the version that it was written by. */
export function suiteToJson(suite: ExpectationSuite): { readonly [key: string]: Json | undefined } {
  const { name, id = null, meta, notes, suiteParameters } = suite
  return {
    name,
    id,
    expectations: suite.expectations.map(({ type, kwargs, meta: own = {}, ...rest }) => ({ type, kwargs, meta: own, ...rest })),
    ...(suiteParameters === undefined ? {} : { suite_parameters: suiteParameters }),
    meta: { great_expectations_version: GREAT_EXPECTATIONS, ...meta },
    notes: notes ?? null,
  }
}

/**
 * A suite from its JSON, text or object: of Great Expectations 1.x, or 0.x (`expectation_suite_name`, `expectation_type`). Types that are not
 * known here are kept; they fail with `exception_info` when judged.
 *
 * @throws Corrupt when it is not a suite
 */
export function suiteFromJson(json: string | object): ExpectationSuite {
  const value = (typeof json === 'string' ? parseJson(json, 'an expectation suite') : json) as JsonObject | null
  const name = value?.name ?? value?.expectation_suite_name
  const list = value?.expectations
  if (typeof name !== 'string' || !Array.isArray(list)) {
    throw new MillwrightError('Corrupt', `an expectation suite needs a name and expectations, got ${show(value)}`)
  }
  const { id, meta, notes } = value as JsonObject
  const parameters = value?.suite_parameters ?? value?.evaluation_parameters
  return displayedSuite({
    name,
    expectations: list.map((item: unknown, i) => expectationFromJson(item, i)),
    ...(typeof id === 'string' ? { id } : {}),
    ...(isObject(meta) ? { meta: meta as Record<string, Json> } : {}),
    ...(notes === undefined || notes === null ? {} : { notes: notes as Json }),
    ...(isObject(parameters) ? { suiteParameters: parameters as Record<string, Json> } : {}),
  })
}

const severities: readonly string[] = ['critical', 'warning', 'info']

/** What an expectation of a suite may have. The last three say nothing about the verdict and are not kept. */
const expectationKeys: readonly string[] = [
  ...['type', 'expectation_type', 'kwargs', 'meta', 'severity', 'id', 'ge_cloud_id', 'notes', 'description'],
  ...['rendered_content', 'expectation_context', 'success_on_last_run'],
]

function expectationFromJson(item: unknown, index: number): Expectation {
  const value = (isObject(item) ? item : {}) as JsonObject
  const type = value.type ?? value.expectation_type
  const { kwargs, meta, severity, id, notes, description } = value
  if (typeof type !== 'string' || !isObject(kwargs)) {
    throw new MillwrightError('Corrupt', `expectation ${index} of a suite needs a type and kwargs, got ${show(item)}`)
  }
  const unknown = Object.keys(value).find((key) => !expectationKeys.includes(key))
  if (unknown !== undefined)
    throw new MillwrightError('Corrupt', `expectation ${index} of a suite (${type}) has ${show(unknown)}, which is not known`)
  if (severity !== undefined && severity !== null && !severities.includes(severity as string)) {
    throw new MillwrightError(
      'Corrupt',
      `\`severity\` of expectation ${index} of a suite (${type}) must be one of ${severities.map(show).join(', ')}, got ${show(severity)}`,
    )
  }
  return {
    type,
    kwargs: kwargs as Record<string, Json>,
    ...(isObject(meta) && Object.keys(meta).length > 0 ? { meta: meta as Record<string, Json> } : {}),
    ...(typeof severity === 'string' ? { severity: severity as Severity } : {}),
    ...(typeof id === 'string' ? { id } : {}),
    ...(notes === undefined || notes === null ? {} : { notes: notes as Json }),
    ...(typeof description === 'string' ? { description } : {}),
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
