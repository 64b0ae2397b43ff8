/** A finished trial as JSON: an object of a trial store, or the artifact `trial.json` of a trial's run. */
import * as z from 'zod/mini'
import { parseStored, storedFormat, storedNumber } from '../../core/stored'
import { type FoldScores, summaryOf } from '../cross-validate'
import type { ParamValues } from './distributions'
import type { SearchTrial } from './trial'

const trialFormat = /* @__PURE__ */ storedFormat(
  () => {
    const numbers = z.array(storedNumber())
    return z.looseObject({
      formatVersion: z.literal(1),
      fingerprint: z.optional(z.string()),
      search: z.optional(z.string()),
      number: z.int().check(z.gte(0)),
      params: z.record(z.string(), z.unknown()),
      status: z.enum(['finished', 'pruned']),
      score: storedNumber(),
      scores: z.record(z.string(), z.looseObject({ values: numbers, train: z.optional(numbers) })),
      reports: numbers,
      steps: z.optional(z.array(z.int().check(z.gte(0)))),
      completedRungs: z.optional(numbers),
      startTime: z.number(),
      seconds: z.number(),
      rung: z.optional(z.int()),
      resource: z.optional(z.number()),
    })
  },
  { field: 'formatVersion', reads: 1 },
)

type TrialFile = typeof trialFormat extends { schema: () => z.ZodMiniType<infer T> } ? T : never

/** A trial that was read, and its search where the document names it. */
export interface StoredTrial {
  readonly trial: SearchTrial
  readonly fingerprint: string | undefined
  readonly search: string | undefined
}

/** The document of a trial. */
export function trialDocument(trial: SearchTrial): object {
  const scores = Object.entries(trial.scores).map(([name, { values, train }]) => [name, { values, train: train?.values }])
  return { ...trial, formatVersion: 1, scores: Object.fromEntries(scores) }
}

/** The trial of a document. @throws Corrupt, Unsupported when a later release wrote it */
export function readTrial(bytes: Uint8Array, subject: string): StoredTrial {
  const stored = parseStored(trialFormat, bytes, subject)
  return { trial: trialOf(stored), fingerprint: stored.fingerprint, search: stored.search }
}

function trialOf(stored: TrialFile): SearchTrial {
  const scores = Object.entries(stored.scores).map(([name, { values, train }]): [string, FoldScores] => [
    name,
    { ...summaryOf(values.map(Number)), ...(train === undefined ? {} : { train: summaryOf(train.map(Number)) }) },
  ])
  const { number, status, startTime, seconds, rung, resource, steps, completedRungs } = stored
  return {
    number,
    params: stored.params as ParamValues,
    status,
    score: Number(stored.score),
    scores: Object.fromEntries(scores),
    reports: stored.reports.map(Number),
    ...(steps === undefined ? {} : { steps }),
    ...(completedRungs === undefined ? {} : { completedRungs: completedRungs.map(Number) }),
    startTime,
    seconds,
    ...(rung === undefined ? {} : { rung }),
    ...(resource === undefined ? {} : { resource }),
  }
}
