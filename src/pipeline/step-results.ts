/** Results of steps that ran one by one under an engine: one small JSON object each, in the folder of the run. */
import * as z from 'zod/mini'
import { utf8 } from '../core/bytes'
import { isMillwrightError } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { parseStored, storedFormat } from '../core/stored'
import type { ObjectStore } from '../ports/object-store'
import type { StepResult } from './result'
import { readRecord } from './run-journal'
import { type RunState, storedItem } from './run-state'
import type { StepPlace } from './step-store'

const stepResultFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<StepResult> => z.looseObject({ ...storedItem(), items: z.optional(z.array(z.looseObject(storedItem()))) }),
)

/** The results of one run. */
export interface StepResults {
  read(place: StepPlace): Promise<StepResult | undefined>
  write(place: StepPlace, result: StepResult): Promise<void>
  /** All steps that have a result; items are not listed. */
  all(): Promise<Readonly<Record<string, StepResult>>>
}

/** The record of a run; of one under an engine, which has no record of its own, put together from the results of its steps. @throws NotFound, Corrupt */
export async function readRun(storage: ObjectStore, pipeline: string, runId: string): Promise<RunState> {
  try {
    return (await readRecord(storage, pipeline, runId)).state
  } catch (error) {
    const state = isMillwrightError(error, 'NotFound') ? await engineRunState(storage, pipeline, runId) : undefined
    if (state === undefined) throw error
    return state
  }
}

async function engineRunState(storage: ObjectStore, pipeline: string, runId: string): Promise<RunState | undefined> {
  const found = await stepResults(storage, pipeline, runId).all()
  const results = Object.values(found)
  if (results.length === 0) return undefined
  const updatedAt = Math.max(...results.map((result) => result.endedAt))
  return {
    format: 1,
    pipeline,
    runId,
    // The engine knows whether further steps follow; a failed one is seen here.
    status: results.some((result) => result.status === 'failed') ? 'failed' : 'running',
    seed: 0,
    startedAt: Math.min(...results.map((result) => result.startedAt)),
    updatedAt,
    resumes: 0,
    steps: Object.fromEntries(Object.entries(found).map(([step, result]) => [step, { version: '', ...result }])),
  }
}

/** The results of the steps of a run, under `pipelines/<name>/runs/<id>/steps/`. */
export function stepResults(storage: ObjectStore, pipeline: string, runId: string): StepResults {
  assertSafeSegment(runId, 'a run id')
  const prefix = `pipelines/${pipeline}/runs/${runId}/steps/`
  const keyOf = ({ step, index }: StepPlace): string => `${prefix}${step}${index === undefined ? '' : `/${index}`}.json`
  const read = async (key: string): Promise<StepResult | undefined> => {
    try {
      return parseStored(stepResultFormat, await storage.get(key), key)
    } catch (error) {
      if (isMillwrightError(error, 'NotFound')) return undefined
      throw error
    }
  }
  return {
    read: (place) => read(keyOf(place)),
    write: async (place, result) => void (await storage.put(keyOf(place), utf8(JSON.stringify(result)))),
    async all() {
      const found: Record<string, StepResult> = {}
      let cursor: string | undefined
      do {
        const page = await storage.list({ prefix, shallow: true, cursor })
        for (const { key } of page.objects) {
          const result = key.endsWith('.json') ? await read(key) : undefined
          if (result !== undefined) found[key.slice(prefix.length, -'.json'.length)] = result
        }
        cursor = page.cursor
      } while (cursor !== undefined)
      return found
    },
  }
}
