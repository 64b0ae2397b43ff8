/** The cache key of a step: what the result depends on, part by part, so that a miss can be explained. */
import * as z from 'zod/mini'
import { show } from '../core/errors'
import { sha256Hex } from '../core/hash'
import { canonicalJson } from '../core/json'
import { storedFormat } from '../core/stored'
import { packValue, valueCodec } from './codec'
import type { RunParams } from './params'
import type { LooseArguments, StepSpec } from './step'

/** What a cached result depends on. Digests are SHA-256 of stored forms. */
export interface CacheParts {
  readonly version: string
  readonly seed: number
  /** Digest of the input of the run, or null when the step does not read it. */
  readonly input: string | null
  /** Digest of what `cache.key` gave, or null. */
  readonly key: string | null
  readonly params: Readonly<Record<string, string>>
  readonly needs: Readonly<Record<string, string>>
  /** Of a map step: the digest of the item. */
  readonly item?: string | undefined
  readonly index?: number | undefined
}

/** The last success of a cached step: what it depended on, with short texts of the parameters for messages. */
export interface LatestResult {
  readonly parts: CacheParts
  readonly shown: Readonly<Record<string, string>>
  readonly runId: string
}

/** The stored form of {@link LatestResult}. */
export const latestResultFormat = /* @__PURE__ */ storedFormat(
  (): z.ZodMiniType<LatestResult> =>
    z.looseObject({
      parts: z.looseObject({
        version: z.string(),
        seed: z.number(),
        input: z.nullable(z.string()),
        key: z.nullable(z.string()),
        params: z.record(z.string(), z.string()),
        needs: z.record(z.string(), z.string()),
        item: z.optional(z.string()),
        index: z.optional(z.number()),
      }),
      shown: z.record(z.string(), z.string()),
      runId: z.string(),
    }),
)

/** What the key of one step, or of one item of a map step, is made from. */
export interface KeySources {
  readonly pipeline: string
  readonly spec: StepSpec
  readonly seed: number
  readonly inputDigest: string | undefined
  readonly params: RunParams
  /** Digests of the outputs that it is given. */
  readonly digests: Readonly<Record<string, string | undefined>>
  readonly args: LooseArguments
  /** Digest of the item, where it is known without encoding the item. */
  readonly itemDigest?: string | undefined
}

/** The parts of the key, or the reason why the step cannot be cached. */
export function cacheParts(sources: KeySources): { readonly parts: CacheParts } | { readonly reason: string } {
  const { spec, seed, inputDigest, params, digests, args } = sources
  const unknown = spec.gets.find((need) => digests[need] === undefined && Object.hasOwn(args.inputs, need))
  if (unknown !== undefined) return { reason: `not cached: the output of ${show(unknown)} cannot be stored, so it has no digest` }
  if (spec.readsInput && inputDigest === undefined)
    return { reason: 'not cached: the input of the run cannot be stored, so it has no digest' }
  const item = args.index === undefined ? undefined : (sources.itemDigest ?? digestOf(args.item))
  if (args.index !== undefined && item === undefined)
    return { reason: `not cached: item ${args.index} cannot be stored, so it has no digest` }
  const own = typeof spec.cache === 'object' ? spec.cache.key?.(args as Required<LooseArguments>) : undefined
  const view = (need: string): string => {
    const project = spec.views?.[need]
    return project === undefined ? (digests[need] ?? 'no output') : (digestOf(project(args.inputs[need])) ?? 'not stored')
  }
  return {
    parts: {
      version: versionOf(spec),
      seed,
      input: spec.readsInput ? (inputDigest as string) : null,
      // Encoded, so that a Date in a key counts and a Map is refused; plain JSON would lose both.
      key: own === undefined ? null : sha256Hex(valueCodec().encode(own) as Uint8Array),
      params: Object.fromEntries(spec.params.map((name) => [name, params.digest(name)])),
      needs: Object.fromEntries(spec.gets.map((need) => [need, view(need)])),
      ...(item === undefined ? {} : { item, index: args.index }),
    },
  }
}

/** The key under which a result is stored. */
export function cacheKey(pipeline: string, step: string, parts: CacheParts): string {
  return sha256Hex(canonicalJson({ pipeline, step, ...parts }))
}

/** The version of a step's code: given by its author, or a hash of the function's text. */
export function versionOf(spec: StepSpec): string {
  const given = typeof spec.cache === 'object' ? spec.cache.version : undefined
  return given ?? sha256Hex(spec.code)
}

/** SHA-256 of the value's stored form; undefined for what cannot be stored. */
export function digestOf(value: unknown): string | undefined {
  try {
    return sha256Hex(valueCodec().encode(value) as Uint8Array)
  } catch {
    return undefined
  }
}

/** Parameters as short texts, for the explanation of a later miss. */
export function shownParams(spec: StepSpec, params: RunParams): Record<string, string> {
  return Object.fromEntries(spec.params.map((name) => [name, shortText(params.values[name])]))
}

function shortText(value: unknown): string {
  const text = JSON.stringify(packValue(value))
  return text.length > 40 ? `${text.slice(0, 37)}…` : text
}

/** Why a step ran: what differs from its last success. */
export function explainMiss(spec: StepSpec, parts: CacheParts, params: RunParams, latest: LatestResult | undefined): string {
  if (latest === undefined) return 'no earlier result is stored'
  const before = latest.parts
  const changed: string[] = []
  if (parts.version !== before.version) changed.push(codeChange(spec, parts.version, before.version))
  if (parts.seed !== before.seed) changed.push(`the seed changed from ${before.seed} to ${parts.seed}`)
  if (parts.input !== before.input) changed.push('the input of the run changed')
  for (const name of namesOf(parts.params, before.params)) {
    if (parts.params[name] === before.params[name]) continue
    const now = Object.hasOwn(parts.params, name) ? shortText(params.values[name]) : 'not read'
    changed.push(`the parameter ${show(name)} changed from ${latest.shown[name] ?? 'not read'} to ${now}`)
  }
  for (const need of namesOf(parts.needs, before.needs)) {
    if (parts.needs[need] !== before.needs[need]) changed.push(`the output of ${show(need)} changed`)
  }
  if (parts.key !== before.key) changed.push('what `cache.key` gives changed')
  if (parts.item !== before.item) changed.push('its item changed')
  if (changed.length === 0) return `the stored output of run ${show(latest.runId)} is missing or damaged`
  return `compared with run ${show(latest.runId)}, ${changed.join('; ')}`
}

function codeChange(spec: StepSpec, now: string, before: string): string {
  const given = typeof spec.cache === 'object' && spec.cache.version !== undefined
  return given ? `the version of its code changed from ${show(before)} to ${show(now)}` : 'its code changed'
}

function namesOf(...records: readonly Readonly<Record<string, string>>[]): string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))]
}
