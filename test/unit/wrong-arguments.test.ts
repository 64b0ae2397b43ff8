/** Whatever an exported function of these rooms is given, what it throws is a MillwrightError: it says what was wrong, and no `TypeError` of our own code comes through. */
import { describe, expect, it } from 'vitest'
import { isMillwrightError } from '../../src/core/errors'
import * as deploy from '../../src/deploy'
import * as drift from '../../src/drift'
import * as monitor from '../../src/monitor'
import * as retraining from '../../src/retraining'
import * as serve from '../../src/serve'
import * as stats from '../../src/stats'
import * as traffic from '../../src/traffic'

const wrong: readonly (readonly unknown[])[] = [
  ...[[], [null], [5], ['x'], [{}], [[]], [() => 1], [{}, {}], [{ name: 'x' }, null], [[{}], {}], [{}, 5], ['a', 'b', 'c']],
  ...[
    [{ on: () => () => {} }, null],
    [{ x: {} }, { x: 5 }],
  ],
]

/** What a call throws, also later, unless it is ours. A call that waits for something else is not waited for. */
async function foreignError(call: () => unknown): Promise<unknown> {
  try {
    await Promise.race([call(), new Promise((resolve) => setImmediate(() => setImmediate(resolve)))])
  } catch (error) {
    return isMillwrightError(error) ? undefined : error
  }
}

describe.each(Object.entries({ traffic, deploy, serve, retraining, monitor, drift, stats }))(
  'wrong arguments of millwright/%s',
  (_, room) => {
    const functions = Object.entries<unknown>(room).filter(
      (entry): entry is [string, (...args: unknown[]) => unknown] => typeof entry[1] === 'function',
    )

    it.each(functions)('%s', async (name, made) => {
      const call = (args: readonly unknown[]): unknown =>
        /^[A-Z]/.test(name) ? Reflect.construct(made, args) : (made as (...all: unknown[]) => unknown)(...args)
      for (const args of wrong) expect(await foreignError(() => call(args)), JSON.stringify(args)).toBeUndefined()
    })
  },
)
