/** The checks of the guarantees of streaming detectors. */
import type { Json } from '../core/json'
import { createRng, type Rng } from '../core/random'
import type { Detector } from '../ports/detector'
import { type Check, type CheckContext, suiteOf } from './check'
import { expectCode, expectEqual, expectThat } from './expect'

/** Limits that the detector must keep. */
export interface DetectorCheckOptions {
  /** Most alarms in 2,000 values without a change. @default 3 */
  readonly falseAlarms?: number | undefined
  /** Most values between a large change and the alarm. @default 300 */
  readonly delay?: number | undefined
}

type Context = CheckContext<Detector>

/**
 * The checks of the detector port. They check the guarantees that {@link Detector} documents. Each check takes a new detector.
 *
 * Streams are standard normal numbers whose mean changes by 3, or bits whose share of ones changes from 0.2 to 0.8.
 *
 * @example
 * bindChecks(detectorChecks(), { make: () => pageHinkley() }, { describe, it })
 */
export function detectorChecks(options: DetectorCheckOptions = {}): readonly Check<Detector>[] {
  const { falseAlarms = 3, delay = 300 } = options
  return suiteOf('detectorChecks', [...signals(falseAlarms, delay), ...memory(), ...values()])
}

function check(name: string, run: (context: Context) => void | Promise<void>, requires: readonly string[] = []): Check<Detector> {
  return { name, requires, run: async (context) => run(context) }
}

/** `length` values before the change and as many after it. */
function stream(detector: Detector, change: 'rise' | 'fall' | 'none', length: number, seed = 1): number[] {
  const rng = createRng(seed)
  const high = (after: boolean): boolean => (change === 'rise' && after) || (change === 'fall' && !after)
  const draw = (rng: Rng, up: boolean): number =>
    detector.capabilities.realValues ? rng.normal() + (up ? 3 : 0) : Number(rng.next() < (up ? 0.8 : 0.2))
  return Array.from({ length: 2 * length }, (_, i) => draw(rng, high(i >= length)))
}

function alarms(detector: Detector, input: readonly number[]): number[] {
  return input.flatMap((value, i) => (detector.update(value).driftDetected ? [i] : []))
}

function signals(falseAlarms: number, delay: number): Check<Detector>[] {
  return [
    check('a large rise of the mean is found in time', ({ subject }) => {
      const found = alarms(subject, stream(subject, 'rise', 1000))
      expectThat(
        found.some((at) => at >= 1000 && at < 1000 + delay),
        `an alarm between 1000 and ${1000 + delay}, got ${found}`,
      )
    }),
    check(
      'a large fall of the mean is found in time',
      ({ subject }) => {
        const found = alarms(subject, stream(subject, 'fall', 1000))
        expectThat(
          found.some((at) => at >= 1000 && at < 1000 + delay),
          `an alarm between 1000 and ${1000 + delay}, got ${found}`,
        )
      },
      ['twoSided'],
    ),
    check('a stream without change gives few alarms', ({ subject }) => {
      const found = alarms(subject, stream(subject, 'none', 1000, 2))
      expectThat(found.length <= falseAlarms, `at most ${falseAlarms} alarms in 2000 values, got ${found.length}`)
    }),
    check('warnings come only where they are claimed, and never with drift', ({ subject }) => {
      for (const value of stream(subject, 'rise', 500, 3)) {
        const { driftDetected, warningDetected } = subject.update(value)
        expectThat(!warningDetected || subject.capabilities.warnings, 'a warning without the capability')
        expectThat(!(driftDetected && warningDetected), 'a warning together with drift')
      }
    }),
  ]
}

function memory(): Check<Detector>[] {
  return [
    check('equal values give equal signals', ({ subject }) => {
      const input = stream(subject, 'rise', 600, 4)
      const first = input.map((value) => subject.update(value))
      subject.reset()
      expectEqual(
        input.map((value) => subject.update(value)),
        first,
        'signals of the same stream after reset',
      )
    }),
    check('reset leaves nothing behind', ({ subject }) => {
      const fresh = subject.state()
      for (const value of stream(subject, 'rise', 200, 5)) subject.update(value)
      subject.reset()
      expectEqual(subject.state(), fresh, 'state after reset')
    }),
    check('a state put through JSON gives the same future, from any point on', ({ subject }) => {
      const input = stream(subject, 'rise', 700, 6)
      const states: string[] = []
      const signals = input.map((value) => {
        states.push(JSON.stringify(subject.state()))
        return subject.update(value)
      })
      const drift = signals.findIndex((signal) => signal.driftDetected)
      for (const from of new Set([0, 1, 29, 30, 350, 699, 700, 720, Math.max(0, drift), drift + 1])) {
        subject.restore(JSON.parse(states[from] as string) as Json)
        const rest = input.slice(from).map((value) => subject.update(value))
        expectEqual(rest, signals.slice(from), `signals after restoring the state before value ${from}`)
      }
    }),
    check('a state is a copy', ({ subject }) => {
      const input = stream(subject, 'none', 100, 7)
      for (const value of input) subject.update(value)
      const state = subject.state()
      const before = JSON.stringify(state)
      for (const value of input) subject.update(value)
      expectEqual(JSON.stringify(state), before, 'a state taken earlier')
      subject.restore(state)
      for (const value of input) subject.update(value)
      expectEqual(JSON.stringify(state), before, 'a state that was restored')
    }),
    check('the update after a drift starts afresh', ({ subject }) => {
      const input = stream(subject, 'rise', 1000)
      const at = input.findIndex((value) => subject.update(value).driftDetected)
      expectThat(at >= 0, 'a drift')
      const rest = input.slice(at + 1, at + 400)
      const after = rest.map((value) => subject.update(value))
      subject.reset()
      expectEqual(
        after,
        rest.map((value) => subject.update(value)),
        'signals after a drift, against those of a fresh detector',
      )
    }),
    check('a foreign state is Corrupt and changes nothing', async ({ subject }) => {
      for (const value of stream(subject, 'none', 50, 8)) subject.update(value)
      const before = subject.state()
      for (const foreign of [null, 1, 'state', [], {}, { name: 'another', drifted: false, state: {} }]) {
        await expectCode(() => subject.restore(foreign as Json), 'Corrupt', `restore(${JSON.stringify(foreign)})`)
      }
      expectEqual(subject.state(), before, 'state after refusing')
    }),
  ]
}

function values(): Check<Detector>[] {
  return [
    check('NaN is missing: no signal, no change', ({ subject }) => {
      for (const value of stream(subject, 'none', 50, 9)) subject.update(value)
      const before = subject.state()
      expectEqual(subject.update(Number.NaN), { driftDetected: false, warningDetected: false }, 'the signal of NaN')
      expectEqual(subject.state(), before, 'state after NaN')
    }),
    check('a value that is not allowed is refused and changes nothing', async ({ subject }) => {
      for (const value of stream(subject, 'none', 50, 10)) subject.update(value)
      const before = subject.state()
      const refused: unknown[] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '1', null, undefined]
      if (!subject.capabilities.realValues) refused.push(0.5, 2, -1)
      for (const value of refused) await expectCode(() => subject.update(value as number), 'InvalidArgument', `update(${String(value)})`)
      expectEqual(subject.state(), before, 'state after refusing')
    }),
  ]
}
