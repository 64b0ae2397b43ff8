/** The form of the published check suites: plain lists that any test runner can run. */
import { MillwrightError } from '../core/errors'

/** What a check works with. */
export interface CheckContext<Subject> {
  /** A new subject without data. */
  readonly subject: Subject
  /** Makes another subject over the same stored data, as another process would. Absent where nothing is stored. */
  readonly reopen?: (() => Promise<Subject>) | undefined
}

/** One check of a guarantee. `run` throws when the guarantee does not hold. */
export interface Check<Subject> {
  readonly name: string
  /** The name of its suite, for messages: `objectStoreChecks`. */
  readonly suite?: string | undefined
  /**
   * What the check requires: capabilities that the subject claims (`true`), optional methods that it has, or `reopen`, if the binding has it.
   * Where one is missing, {@link Check.unclaimed} runs, or the check is left out with the reason.
   */
  readonly requires: readonly string[]
  run(context: CheckContext<Subject>): Promise<void>
  /** Checks what must hold where a requirement is missing: usually that the call fails with `Unsupported`. */
  unclaimed?(context: CheckContext<Subject>): Promise<void>
}

/** Adds the name of the suite to the checks. */
export function suiteOf<Subject>(suite: string, checks: readonly Check<Subject>[]): readonly Check<Subject>[] {
  return checks.map((check) => ({ ...check, suite }))
}

/** Makes another subject over the data, in a check that requires `reopen`. */
export async function reopened<Subject>(reopen: (() => Promise<Subject>) | undefined): Promise<Subject> {
  if (reopen === undefined) throw new MillwrightError('Internal', 'a check that reopens must require `reopen`')
  return reopen()
}

/** How the subjects of a suite are made and cleaned up. */
export interface BindOptions<Subject> {
  /** Makes a new subject without data. Called once for each check. */
  readonly make: () => Subject | Promise<Subject>
  /** Makes another subject over the data of the given one, as another process would. Required where the subject claims `persistent`. */
  readonly reopen?: ((subject: Subject) => Subject | Promise<Subject>) | undefined
  /** Called after each check, also after a failed one. @default calls `close()` or `dispose()` if there is one */
  readonly cleanUp?: ((subject: Subject) => void | Promise<void>) | undefined
  /** Name of a check → the reason why it is left out. A name that is not that of a check is an error. */
  readonly skip?: Readonly<Record<string, string>> | undefined
}

/** The functions of a test runner that are used. Vitest, `node:test`, Jest, Mocha and Deno's module `bdd` have them. */
export interface TestRunner {
  readonly it: ((name: string, run: (...given: readonly unknown[]) => Promise<void>) => unknown) & {
    /** Reports a test that is not run. */
    readonly skip?: ((name: string, run: () => Promise<void>) => unknown) | undefined
  }
  readonly describe?: ((name: string, define: () => void) => unknown) | undefined
}
