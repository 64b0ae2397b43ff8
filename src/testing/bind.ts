/** Binds a check suite to a test runner. */
import { invalidArgument, type MillwrightError, show } from '../core/errors'
import type { BindOptions, Check, TestRunner } from './check'

/**
 * Makes a test for each check of a suite.
 *
 * A check runs where the subject claims all capabilities that the check requires. Otherwise its part for subjects without them runs, which
 * usually checks that the call is refused with `Unsupported`. A check without such a part is skipped with the reason, if the runner passes tests
 * a context with `skip` (Vitest and `node:test` do); with other runners the reason is printed. Checks named in `skip` become skipped tests with
 * the reason in their name where the runner has `it.skip`, and are printed with other runners.
 *
 * @throws InvalidArgument when `skip` names a check that does not exist; each test, when the subject claims `persistent` and there is no `reopen`
 * @example
 * bindChecks(objectStoreChecks(), { make: () => memoryStorage() }, { describe, it })
 */
export function bindChecks<Subject>(checks: readonly Check<Subject>[], options: BindOptions<Subject>, runner: TestRunner): void {
  const skip = options.skip ?? {}
  for (const name of Object.keys(skip)) {
    if (!checks.some((check) => check.name === name))
      throw invalidArgument(`\`skip\` names ${show(name)}, which is not the name of a check`)
  }
  const define = (): void => {
    for (const check of checks) {
      if (!Object.hasOwn(skip, check.name))
        runner.it(check.name, async (...given) => reportLeftOut(check.name, given, await runCheck(check, options)))
      else if (runner.it.skip !== undefined) runner.it.skip(`${check.name} (left out: ${skip[check.name]})`, async () => {})
      else console.info(`left out: ${check.name} (${skip[check.name]})`)
    }
  }
  if (runner.describe === undefined) define()
  else runner.describe('checks', define)
}

/**
 * Runs one check with a fresh subject.
 *
 * @returns `leftOut`: the reason why nothing was checked
 * @throws InvalidArgument when the subject claims `persistent` and there is no `reopen`; the error of the check
 */
export async function runCheck<Subject>(
  check: Check<Subject>,
  options: BindOptions<Subject>,
): Promise<{ readonly leftOut?: string | undefined }> {
  const subject = await options.make()
  const { reopen } = options
  const context = { subject, ...(reopen === undefined ? {} : { reopen: async () => reopen(subject) }) }
  try {
    if (reopen === undefined && claims(subject, 'persistent')) throw missingReopen(check, subject)
    const missing = check.requires.filter((need) => (need === 'reopen' ? reopen === undefined : !claims(subject, need)))
    if (missing.length === 0) await check.run(context)
    else if (check.unclaimed !== undefined) await check.unclaimed(context)
    else return { leftOut: `it needs ${missing.join(', ')}, which ${nameOf(subject)} does not offer` }
    return {}
  } finally {
    await (options.cleanUp ?? release)(subject)
  }
}

function missingReopen(check: Check<unknown>, subject: unknown): MillwrightError {
  const message = `${check.suite ?? 'the suite'} needs \`reopen\`: ${nameOf(subject)} claims \`persistent\`, so what it stored must be there for another opener`
  return invalidArgument(message, {
    hint: 'bindChecks(checks, { make, reopen: (subject) => another one over the same data }, runner); one that keeps nothing claims persistent: false',
  })
}

/** Reports a check that was left out: as a skipped test where the runner supports it, otherwise as a line on the console. */
function reportLeftOut(name: string, [context]: readonly unknown[], { leftOut }: { readonly leftOut?: string | undefined }): void {
  if (leftOut === undefined) return
  const { skip } = (context ?? {}) as { skip?: unknown }
  if (typeof skip === 'function') skip.call(context, leftOut)
  else console.info(`left out: ${name} (${leftOut})`)
}

/** Whether the subject claims a capability, or has an optional method. */
function claims(subject: unknown, need: string): boolean {
  const { capabilities, [need]: method } = subject as { capabilities?: Readonly<Record<string, unknown>> } & Record<string, unknown>
  return capabilities?.[need] === true || typeof method === 'function'
}

function nameOf(subject: unknown): string {
  const { name } = subject as { name?: unknown }
  return typeof name === 'string' && name !== '' ? name : 'the subject'
}

async function release(subject: unknown): Promise<void> {
  const { close, dispose } = subject as { close?: () => unknown; dispose?: () => unknown }
  if (typeof close === 'function') await close.call(subject)
  else if (typeof dispose === 'function') await dispose.call(subject)
}
