/** Checks the content of a lifecycle report with a zod schema, and throws for the first problem. */
import * as z from 'zod/mini'
import { invalidArgument, show } from '../core/errors'
import { ofType } from '../core/options'

const kinds = ['trained', 'drift', 'performance', 'resolved', 'retrained', 'promoted', 'kept', 'rollback', 'failed'] as const

/** Each message says what is allowed, as it reads after "must be ". */
function reportSchema(): z.ZodMiniObject<Record<string, z.ZodMiniType>, z.core.$strict> {
  const text = z.string('text')
  const time = z.number('epoch milliseconds')
  // Scores may be missing: NaN.
  const score = z.custom<number>((value) => typeof value === 'number', 'a number')
  const maybe = z.optional
  const listOf = <T extends z.ZodMiniType>(item: T, words: string): z.ZodMiniArray<T> => z.array(item, `an array of ${words}`)
  const points = listOf(z.object({ x: time, y: score }, '{ x, y }'), '{ x, y }')
  return z.strictObject({
    title: text,
    lead: maybe(text),
    createdAt: time,
    tiles: maybe(listOf(z.object({ label: text, value: text, note: maybe(text) }, '{ label, value }'), '{ label, value }')),
    performance: maybe(
      z.object(
        {
          metric: text,
          text: maybe(text),
          retrained: points,
          championOnly: points,
          threshold: maybe(score),
          training: maybe(z.object({ from: time, to: time }, '{ from, to }')),
        },
        '{ metric, retrained, championOnly }',
      ),
    ),
    periods: maybe(listOf(z.object({ title: text, championOnly: score, retrained: score }), '{ title, championOnly, retrained }')),
    events: maybe(
      listOf(
        z.object({ at: time, kind: z.enum(kinds, `one of ${kinds.join(', ')}`), text, marked: maybe(z.boolean('a boolean')) }),
        '{ at, kind, text }',
      ),
    ),
    drift: maybe(
      z.object(
        {
          columns: listOf(text, 'column names'),
          periods: listOf(text, 'titles'),
          scores: listOf(listOf(score, 'numbers'), 'arrays of numbers, one per column'),
          threshold: score,
          text: maybe(text),
        },
        '{ columns, periods, scores, threshold }',
      ),
    ),
    versions: maybe(
      listOf(
        z.object({
          version: text,
          aliases: listOf(text, 'aliases'),
          createdAt: time,
          metrics: z.record(z.string(), score, 'an object of numbers'),
          data: maybe(text),
          runId: maybe(text),
        }),
        'versions',
      ),
    ),
    history: maybe(listOf(z.object({ at: time, text }), '{ at, text }')),
    expectations: maybe(
      listOf(z.object({ name: text, success: z.boolean('a boolean'), observed: maybe(text) }), '{ name, success, observed? }'),
    ),
    sections: maybe(listOf(z.object({ title: text, text: maybe(text), body: z.unknown() }), '{ title, body }')),
    footer: maybe(text),
  })
}

/** @throws InvalidArgument naming the place, what it must be and what arrived */
export function checkLifecycleReport(report: unknown): void {
  if (!ofType('object').test(report) || Array.isArray(report)) {
    throw invalidArgument(`lifecycleReport takes an object with \`title\`, \`createdAt\` and its parts, got ${show(report)}`)
  }
  const schema = reportSchema()
  const issue = z.safeParse(schema, report).error?.issues[0]
  if (issue === undefined) return
  if (issue.code === 'unrecognized_keys') {
    throw invalidArgument(`\`${issue.keys[0]}\` is no part of a lifecycle report; it has ${Object.keys(schema.shape).join(', ')}`)
  }
  const place = issue.path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`)).join('')
  const arrived = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], report)
  throw invalidArgument(`\`${place}\` of lifecycleReport must be ${issue.message}, got ${show(arrived)}`)
}
