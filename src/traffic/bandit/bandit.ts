/** A bandit: models that compete, the better ones answering more and more of the calls. */
import { systemClock } from '../../core/clock'
import { attachDisplay, textTable } from '../../core/display'
import { createEmitter, type ListenOptions } from '../../core/emitter'
import { invalidArgument, show } from '../../core/errors'
import { newId } from '../../core/ids'
import { createRng } from '../../core/random'
import type { MetricFamily } from '../../ports/metric-family'
import type { LoadedModel } from '../../ports/model'
import { armOf } from '../assignment'
import { trafficFamily } from '../metric-families'
import { routedModel, stopwatchOf } from '../routed-model'
import { openBanditMemory } from './bandit-memory'
import { type BanditEvents, type BanditOptions, type BanditPlan, type BanditState, banditPlanOf } from './bandit-options'

/** A bandit. `serve` and `Predictor.of` take it in place of a model. */
export interface Bandit extends LoadedModel {
  readonly name: string
  /**
   * Rewards the decision that an answer has in its outputs. A second reward of one decision is not counted.
   * @returns whether it counted
   * @throws InvalidArgument for a text that is no decision, and for a reward of another kind
   */
  reward(decision: string, reward: number | boolean): boolean
  state(): BanditState
  /** Stores rewards and reads those of other processes. */
  sync(): Promise<void>
  on<K extends keyof BanditEvents & string>(type: K, listener: (event: BanditEvents[K]) => void, options?: ListenOptions): () => void
  /** For `createHandler({ collect: () => bandit.families() })`. */
  families(): MetricFamily[]
}

/**
 * Opens a bandit by Thompson sampling. Answers have the outputs `variant`, `decision` (for {@link Bandit.reward}) and `propensity`. With `key`, a unit
 * stays with its arm as far as the probabilities allow: few units move at each update.
 *
 * The data of a bandit are not those of an A/B test: a test of significance on them is biased. Weigh them by 1 / `propensity`.
 *
 * @throws InvalidArgument; the storage's errors
 *
 * @example
 * const bandit = await createBandit({ name: 'offers', arms: { forest, boosted }, seed: 7 })
 * const [answer] = await Predictor.of(bandit).predict([row])
 * bandit.reward(answer.outputs.decision, 1)
 */
export async function createBandit(options: BanditOptions): Promise<Bandit> {
  const plan = banditPlanOf(options)
  const { name, arms } = plan
  const clock = options.clock ?? systemClock()
  const emitter = createEmitter<BanditEvents>()
  const memory = await openBanditMemory(plan, { storage: options.storage, clock, emitter })
  const rng = createRng(plan.seed)
  const model = routedModel({
    ...{ subject: 'createBandit', arms, fallback: true, key: options.key, keyType: options.keyType },
    outputs: [
      { name: 'decision', type: 'string' },
      { name: 'propensity', type: 'float64' },
    ],
    decide(unit) {
      const weights = arms.map((arm, i) => [arm.name, memory.probabilities.play[i] as number] as const)
      const arm = unit === undefined ? drawn(weights, rng.next()) : armOf(unit, weights, name)
      const propensity = weights.find(([each]) => each === arm)?.[1]
      return { arm, outputs: { decision: `${arm}:${newId()}`, propensity } }
    },
    onAnswered: (arm, rows) => memory.answered(arm, rows.length),
    onFailed: (_arm, _rows, error) => emitter.emit('error', error),
    now: stopwatchOf(options.clock),
  })
  const bandit: Bandit = {
    ...model,
    name,
    reward: (decision, value) => memory.reward({ ...readDecision(decision, plan), reward: readReward(value, plan) }),
    state: memory.state,
    sync: memory.sync,
    on: (type, listener, listen) => emitter.on(type, listener, listen),
    families: () => familiesOf(memory.state()),
    async dispose() {
      await memory.sync()
      await model.dispose()
    },
  }
  return attachDisplay(bandit, { text: () => textOf(memory.state()) })
}

/** The arm at the place `u` in [0, 1) of the cumulated weights, whose sum is 1. */
function drawn(weights: readonly (readonly [string, number])[], u: number): string {
  let below = 0
  for (const [arm, weight] of weights) {
    below += weight
    if (u < below) return arm
  }
  return weights.at(-1)?.[0] as string
}

function readDecision(decision: unknown, { arms, name }: BanditPlan): { readonly arm: string; readonly id: string } {
  const [, arm, id] = (typeof decision === 'string' ? /^(.*):([0-9a-f]{32})$/.exec(decision) : null) ?? []
  if (arm !== undefined && id !== undefined && arms.some((each) => each.name === arm)) return { arm, id }
  throw invalidArgument(`reward needs a decision of the bandit ${show(name)}, the output \`decision\` of an answer, got ${show(decision)}`)
}

function readReward(value: unknown, { kind }: BanditPlan): number {
  const number = typeof value === 'boolean' ? Number(value) : value
  const isRight = typeof number === 'number' && Number.isFinite(number) && (kind === 'numeric' || number === 0 || number === 1)
  if (isRight) return number
  throw invalidArgument(`a reward must be ${kind === 'numeric' ? 'a finite number' : '0 or 1 (or a boolean)'}, got ${show(value)}`)
}

function textOf({ name, arms }: BanditState): string {
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`
  const rows = arms.map(({ name: arm, rewards, play, best }) => [
    arm,
    String(Number(rewards.count.toFixed(1))),
    Number.isNaN(rewards.mean) ? '–' : String(Number(rewards.mean.toPrecision(4))),
    percent(best),
    percent(play),
  ])
  return `Bandit: ${name}\n${textTable(['arm', 'rewards', 'mean reward', 'best', 'share of calls'], rows)}`
}

function familiesOf({ name, arms }: BanditState): MetricFamily[] {
  const samples = (value: (arm: BanditState['arms'][number]) => number) =>
    arms.map((arm) => ({ labels: { bandit: name, arm: arm.name }, value: value(arm) }))
  return [
    trafficFamily(
      'bandit_rows',
      'counter',
      'Rows that an arm of a bandit answered in this process.',
      samples(({ answered }) => answered),
    ),
    trafficFamily(
      'bandit_share',
      'gauge',
      'Share of calls that an arm of a bandit gets.',
      samples(({ play }) => play),
    ),
    trafficFamily(
      'bandit_mean_reward',
      'gauge',
      'Mean reward of an arm of a bandit.',
      samples(({ rewards }) => rewards.mean),
    ),
  ]
}
