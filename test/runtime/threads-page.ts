/** What runs in the page: the executor checks, with steps in Web Workers that share an IndexedDB with it. */
import { indexeddbStorage } from '../../src/adapters/indexeddb/indexeddb-storage'
import { threadsExecutor } from '../../src/adapters/threads'
import { type ExecutorSubject, executorChecks, runCheck } from '../../src/testing'

/** Runs the checks. @returns how many passed, and what failed */
export async function check(): Promise<{ readonly passed: number; readonly failures: readonly string[] }> {
  const storage = indexeddbStorage({ name: 'executor-checks' })
  const failures: string[] = []
  const make = (): ExecutorSubject => ({
    executor: threadsExecutor({ worker: () => new Worker('/worker.js', { type: 'module' }), size: 2, abortGraceMs: 50 }),
    storage,
  })
  const checks = executorChecks()
  for (const each of checks) {
    await runCheck(each, { make, cleanUp: ({ executor }) => executor.close() }).catch((error: unknown) =>
      failures.push(`${each.name}: ${String((error as Error).stack ?? error)}`),
    )
  }
  const broken = threadsExecutor({ worker: () => new Worker('/missing.js', { type: 'module' }), size: 1 })
  const { executorCheckPipeline } = await import('../../src/testing')
  const { steps } = await executorCheckPipeline(storage).run({ executor: broken, input: { run: 'x', act: 'value' }, throwOnFailure: false })
  await broken.close()
  // The first of the two that is told stops the other.
  if (![steps.act, steps.other].some(({ error }) => error?.code === 'Unavailable')) {
    failures.push(`a worker that is missing: ${JSON.stringify(steps)}`)
  }
  return { passed: checks.length - failures.length, failures }
}
