/** Binds a check suite to a test runner. */
import { invalidArgument, show } from '../core/errors'
import type { BindOptions, Check, TestRunner } from './check'

/**
 * Makes a test of every check of a suite.
 *
 * The subject's `capabilities` decide: a check whose capabilities are all claimed runs; otherwise what must hold without them runs, and
 * where nothing must, the test is skipped with the reason, if the runner hands tests a context with `skip` (Vitest and `node:test` do).
 * Checks named in `skip` become skipped tests with the reason in their name where the runner has `it.skip`, and are printed elsewhere.
 *
 * @throws InvalidArgument when `skip` names a check that does not exist
 * @example
 * bindChecks(objectStoreChecks(), { make: () => memoryStorage() }, { describe, it })
 */
export function bindChecks<Subject>(checks: readonly Check<Subject>[], options: BindOptions<Subject>, runner: TestRunner): void {
  const skip = options.skip ?? {}
  for (const name of Object.keys(skip)) {
    if (!checks.some((check) => check.name === name)) throw invalidArgument(`\`skip\` names ${show(name)}, which no check is called`)
  }
  const define = (): void => {
    for (const check of checks) {
      if (!Object.hasOwn(skip, check.name)) runner.it(check.name, async (...given) => skipIfLeftOut(given, await runCheck(check, options)))
      else if (runner.it.skip !== undefined) runner.it.skip(`${check.name} (left out: ${skip[check.name]})`, async () => {})
      else console.info(`left out: ${check.name} (${skip[check.name]})`)
    }
  }
  if (runner.describe === undefined) define()
  else runner.describe('checks', define)
}

/** Runs one check with a fresh subject. @returns `leftOut`: why there was nothing to check @throws whatever the check throws */
export async function runCheck<Subject>(
  check: Check<Subject>,
  options: BindOptions<Subject>,
): Promise<{ readonly leftOut?: string | undefined }> {
  const subject = await options.make()
  const { reopen } = options
  const context = { subject, ...(reopen === undefined ? {} : { reopen: async () => reopen(subject) }) }
  try {
    const missing = check.requires.filter((capability) => !claims(subject, capability))
    if (missing.length === 0) await check.run(context)
    else if (check.unclaimed !== undefined) await check.unclaimed(context)
    else return { leftOut: `it needs ${missing.join(', ')}, which the subject does not claim` }
    return {}
  } finally {
    await (options.cleanUp ?? release)(subject)
  }
}

/** Tells the runner that the test was skipped, if the test was given a way to. */
function skipIfLeftOut([context]: readonly unknown[], { leftOut }: { readonly leftOut?: string | undefined }): void {
  const { skip } = (context ?? {}) as { skip?: unknown }
  if (leftOut !== undefined && typeof skip === 'function') skip.call(context, leftOut)
}

function claims(subject: unknown, capability: string): boolean {
  const capabilities = (subject as { capabilities?: Readonly<Record<string, unknown>> }).capabilities
  return capabilities?.[capability] === true
}

async function release(subject: unknown): Promise<void> {
  const { close, dispose } = subject as { close?: () => unknown; dispose?: () => unknown }
  if (typeof close === 'function') await close.call(subject)
  else if (typeof dispose === 'function') await dispose.call(subject)
}
