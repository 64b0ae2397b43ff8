/** The form of the published check suites: plain lists that any test runner can run. */
import { MillwrightError } from '../core/errors'

/** What a check is given. */
export interface CheckContext<Subject> {
  /** A fresh subject over a fresh, empty namespace. */
  readonly subject: Subject
  /** Another subject over the same stored data, as another process would open it; absent where nothing is stored. */
  readonly reopen?: (() => Promise<Subject>) | undefined
}

/** One check: a name, what it needs, and what throws when the promise is broken. */
export interface Check<Subject> {
  readonly name: string
  /** The suite it belongs to, for messages: `objectStoreChecks`. */
  readonly suite?: string | undefined
  /**
   * What the check needs: capabilities that the subject claims (`true`), optional methods that it has, or `reopen`, when the binding gives it.
   * Where one is missing, {@link Check.unclaimed} runs, or the check is left out with the reason.
   */
  readonly requires: readonly string[]
  run(context: CheckContext<Subject>): Promise<void>
  /** What must hold where something that the check needs is missing: usually that the call fails with `Unsupported`. */
  unclaimed?(context: CheckContext<Subject>): Promise<void>
}

/** The checks as those of one suite. */
export function suiteOf<Subject>(suite: string, checks: readonly Check<Subject>[]): readonly Check<Subject>[] {
  return checks.map((check) => ({ ...check, suite }))
}

/** Opens the data again, in a check that requires `reopen`. */
export async function reopened<Subject>(reopen: (() => Promise<Subject>) | undefined): Promise<Subject> {
  if (reopen === undefined) throw new MillwrightError('Internal', 'a check that reopens must require `reopen`')
  return reopen()
}

/** How the subjects of a suite are made. */
export interface BindOptions<Subject> {
  /** A fresh subject over a fresh, empty namespace; called once per check. */
  readonly make: () => Subject | Promise<Subject>
  /** Another subject over the data of the given one, as another process would open it. Required where the subject claims `persistent`. */
  readonly reopen?: ((subject: Subject) => Subject | Promise<Subject>) | undefined
  /** Called after each check, also after a failed one. @default calls `close()` or `dispose()` if there is one */
  readonly cleanUp?: ((subject: Subject) => void | Promise<void>) | undefined
  /** Check name → the written reason why it is left out. A name that no check has is an error. */
  readonly skip?: Readonly<Record<string, string>> | undefined
}

/** What a test runner offers: Vitest, `node:test`, Jest, Mocha and Deno's `bdd` module all do. */
export interface TestRunner {
  readonly it: ((name: string, run: (...given: readonly unknown[]) => Promise<void>) => unknown) & {
    /** Notes a test that is not run. */
    readonly skip?: ((name: string, run: () => Promise<void>) => unknown) | undefined
  }
  readonly describe?: ((name: string, define: () => void) => unknown) | undefined
}
