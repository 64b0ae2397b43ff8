/** Runs check suites against subjects that are expected to fail. */
import { type BindOptions, type Check, runCheck } from '../../src/testing'

/** Runs the checks in their order until `limit` of them have failed: `name: message` of each that did. */
export async function failuresOf<Subject>(
  checks: readonly Check<Subject>[],
  options: BindOptions<Subject>,
  limit = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const failures: string[] = []
  for (const check of checks) {
    if (failures.length >= limit) break
    await runCheck(check, options).catch((error: unknown) => failures.push(`${check.name}: ${(error as Error).message}`))
  }
  return failures
}
