/** Parameters of a run: checked by a schema, known by name, and stored by value. */
import { invalidArgument, MillwrightError, show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import type { Json } from '../core/json'
import { packValue, valueCodec } from './codec'
import type { ParamsSchema } from './params-schema'

/** The parameters of a run. */
export interface RunParams {
  readonly values: Readonly<Record<string, unknown>>
  /** SHA-256 of one parameter's stored form. */
  digest(name: string): string
}

/**
 * Checks the parameters of a run.
 *
 * @throws InvalidArgument for parameters without a schema; SchemaMismatch naming each parameter that is wrong
 */
export async function checkParams(pipeline: string, schema: ParamsSchema<unknown> | undefined, given: unknown): Promise<RunParams> {
  const subject = `the parameters of pipeline ${show(pipeline)}`
  if (schema === undefined) {
    if (given === undefined || Object.keys(given as object).length === 0) return runParams(pipeline, {})
    throw invalidArgument(`pipeline ${show(pipeline)} has no parameters, got ${show(given)}`, {
      hint: 'Declare them: new Pipeline(name, { params: z.object({ … }) }).',
    })
  }
  const result = await schema['~standard'].validate(given ?? {})
  if (result.issues !== undefined) {
    const problems = result.issues.map(({ message, path = [] }) => {
      const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
      return name === '' ? message : `${name}: ${message}`
    })
    throw new MillwrightError('SchemaMismatch', `${subject} do not fit their schema: ${problems.join('; ')}`, { details: { problems } })
  }
  if (typeof result.value !== 'object' || result.value === null || Array.isArray(result.value)) {
    throw invalidArgument(`${subject} must be an object by name, got ${show(result.value)}`)
  }
  return runParams(pipeline, result.value as Readonly<Record<string, unknown>>)
}

/** The parameters of a run whose values were checked before. */
export function runParams(pipeline: string, values: Readonly<Record<string, unknown>>): RunParams {
  const digests = new Map<string, string>()
  for (const [name, value] of Object.entries(values)) {
    try {
      digests.set(name, sha256Hex(valueCodec().encode(value) as Uint8Array))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : show(cause)
      throw invalidArgument(`the parameter ${show(name)} of pipeline ${show(pipeline)} cannot be stored: ${why}`, { cause })
    }
  }
  return { values, digest: (name) => digests.get(name) ?? 'absent' }
}

/** Some parameters as plain JSON. */
export function packParams({ values }: RunParams, names: readonly string[]): Record<string, Json> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(values, name)).map((name) => [name, packValue(values[name])]))
}
