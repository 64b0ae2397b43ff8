/** Binds a check suite to a test runner. */
import { invalidArgument, show } from '../core/errors'
import type { BindOptions, Check, TestRunner } from './check'

/**
 * Makes a test of every check of a suite.
 *
 * The subject's `capabilities` decide: a check whose capabilities are all claimed runs; otherwise what must hold without them runs, and
 * where nothing must, the test passes at once. Skipped checks are printed with their reason.
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
      if (Object.hasOwn(skip, check.name)) console.info(`left out: ${check.name} (${skip[check.name]})`)
      else runner.it(check.name, () => runCheck(check, options))
    }
  }
  if (runner.describe === undefined) define()
  else runner.describe('checks', define)
}

/** Runs one check with a fresh subject. @throws whatever the check throws */
export async function runCheck<Subject>(check: Check<Subject>, options: BindOptions<Subject>): Promise<void> {
  const subject = await options.make()
  const { reopen } = options
  const context = { subject, ...(reopen === undefined ? {} : { reopen: async () => reopen(subject) }) }
  try {
    if (check.requires.every((capability) => claims(subject, capability))) await check.run(context)
    else await check.unclaimed?.(context)
  } finally {
    await (options.cleanUp ?? release)(subject)
  }
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
