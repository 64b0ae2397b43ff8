/** The memory of a bandit: rewards and the probabilities they lead to, shared by processes through an object store. */
import * as z from 'zod/mini'
import type { Clock } from '../../core/clock'
import type { Emitter } from '../../core/emitter'
import { storedFormat } from '../../core/stored'
import type { ObjectStore } from '../../ports/object-store'
import { createEventLog } from '../event-log'
import type { BanditEvents, BanditPlan, BanditState } from './bandit-options'
import { createRewardTable } from './reward-table'
import { type PlayProbabilities, playProbabilities } from './thompson'

/** A reward as it is stored. */
export interface RewardEvent {
  readonly arm: string
  /** The decision, so that no reward counts twice. */
  readonly id: string
  readonly reward: number
}

const eventFormat = /* @__PURE__ */ storedFormat<RewardEvent>(() => z.looseObject({ arm: z.string(), id: z.string(), reward: z.number() }))

/** The memory of an open bandit. */
export interface BanditMemory {
  readonly probabilities: PlayProbabilities
  /** Counts rows that an arm answered. */
  answered(arm: string, rows: number): void
  /** Adds a reward of this process; whether it counts. */
  reward(event: RewardEvent): boolean
  state(): BanditState
  sync(): Promise<void>
}

/** Opens the memory; what the storage holds is read. */
export async function openBanditMemory(
  plan: BanditPlan,
  {
    storage,
    clock,
    emitter,
  }: { readonly storage: ObjectStore | undefined; readonly clock: Clock; readonly emitter: Emitter<BanditEvents> },
): Promise<BanditMemory> {
  const { name, arms, kind, draws, floor, seed, discount, updateEvery, flushEveryMs } = plan
  const log = storage && createEventLog(storage, `traffic/bandit/${name}/rewards/`, eventFormat)
  const table = createRewardTable(arms.map((arm) => arm.name))
  const rows = new Map(arms.map((arm) => [arm.name, 0]))
  let updates = 0
  let cancel: (() => void) | undefined
  const compute = (): PlayProbabilities => playProbabilities(table.summaries(), { kind, draws, floor, seed: seed + updates })
  let probabilities = compute()

  const state = (): BanditState => {
    const summaries = table.summaries()
    const states = arms.map((arm, i) => ({
      name: arm.name,
      answered: rows.get(arm.name) as number,
      rewards: { count: summaries[i]?.count as number, mean: summaries[i]?.count === 0 ? Number.NaN : (summaries[i]?.mean as number) },
      play: probabilities.play[i] as number,
      best: probabilities.best[i] as number,
      expectedLoss: probabilities.expectedLoss[i] as number,
    }))
    return { kind: 'bandit', name, at: clock.now(), rewards: kind, arms: states, repeated: table.repeated }
  }
  const add = ({ arm, id, reward }: RewardEvent): boolean => {
    if (!table.add(arm, id, reward)) return false
    if (table.sinceUpdate >= updateEvery) {
      updates++
      table.startInterval(discount)
      probabilities = compute()
      emitter.emit('update', state())
    }
    return true
  }
  const sync = async (): Promise<void> => {
    cancel?.()
    cancel = undefined
    await log?.flush()
    for (const event of (await log?.readOthers()) ?? []) if (rows.has(event.arm)) add(event)
  }
  await sync()
  probabilities = compute()
  return {
    get probabilities() {
      return probabilities
    },
    answered: (arm, count) => void rows.set(arm, (rows.get(arm) as number) + count),
    reward(event) {
      const counts = add(event)
      if (counts && log !== undefined) {
        log.add(event)
        cancel ??= clock.schedule(() => void sync().catch((error: unknown) => emitter.emit('error', error)), flushEveryMs)
      }
      return counts
    },
    state,
    sync,
  }
}
