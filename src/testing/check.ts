/** The form of the published check suites: plain lists that any test runner can run. */

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
  /** Names of capabilities that must be claimed (`true`); otherwise {@link Check.unclaimed} runs, or the check is left out. */
  readonly requires: readonly string[]
  run(context: CheckContext<Subject>): Promise<void>
  /** What must hold where the capability is not claimed: usually that the call fails with `Unsupported`. */
  unclaimed?(context: CheckContext<Subject>): Promise<void>
}

/** How the subjects of a suite are made. */
export interface BindOptions<Subject> {
  /** A fresh subject over a fresh, empty namespace; called once per check. */
  readonly make: () => Subject | Promise<Subject>
  /** Another subject over the data of the given one. */
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
