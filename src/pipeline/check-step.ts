/** Checks a step when it is added to a pipeline. */
import { invalidArgument, show } from '../core/errors'
import { assertSafeSegment } from '../core/ids'
import { arrayOf, checkOptions, either, finiteNumber, nonEmptyString, ofType, oneOf, wholeNumber } from '../core/options'
import type { RetryOptions, StepSpec } from './step'

/** What a pipeline declares, as far as it is known before a run. */
export interface Declared {
  readonly pipeline: string
  readonly steps: ReadonlyMap<string, StepSpec>
  readonly secrets: readonly string[]
  /** Names of the parameters; undefined where the schema does not tell. */
  readonly params: readonly string[] | undefined
}

/** Makes the spec of a step from its definition. @throws InvalidArgument */
export function makeStep(name: string, definition: Readonly<Record<string, unknown>>, declared: Declared, over?: string): StepSpec {
  const { pipeline, steps } = declared
  const subject = `step ${show(name)} of pipeline ${show(pipeline)}`
  assertSafeSegment(name, `the name of a step of pipeline ${show(pipeline)}`)
  if (steps.has(name)) throw invalidArgument(`${subject} is defined twice`)
  checkOptions(subject, definition, rules(over !== undefined))
  if (typeof definition.run !== 'function') throw invalidArgument(`\`run\` of ${subject} must be a function, got ${show(definition.run)}`)
  const { needs = [], params = [], secrets = [], trigger = 'all-success', retry, cache } = definition as unknown as Partial<StepSpec>
  checkNeeds(subject, name, needs, steps)
  if (over !== undefined) checkNeeds(subject, name, [over], steps)
  checkNames(subject, 'params', params, declared.params, 'the parameters of the pipeline')
  checkNames(subject, 'secrets', secrets, declared.secrets, 'the `secrets` of the pipeline')
  if (over !== undefined && trigger !== 'all-success') {
    throw invalidArgument(
      `${subject} is a map over ${show(over)}, whose list it needs, so its \`trigger\` must be 'all-success', got ${show(trigger)}`,
    )
  }
  if (typeof retry === 'object') checkRetry(subject, retry)
  if (typeof cache === 'object') {
    checkOptions(`\`cache\` of ${subject}`, cache, { version: nonEmptyString(), key: ofType('function') })
  }
  return {
    ...(definition as unknown as StepSpec),
    name,
    needs: over === undefined || needs.includes(over) ? [...needs] : [over, ...needs],
    gets: [...needs],
    ...(over === undefined ? {} : { over }),
    params: [...params],
    secrets: [...secrets],
    trigger,
    code: String(definition.run),
    readsInput: true,
  }
}

function rules(isMap: boolean): Parameters<typeof checkOptions>[2] {
  return {
    needs: arrayOf(nonEmptyString()),
    run: ofType('function'),
    params: arrayOf(nonEmptyString()),
    secrets: arrayOf(nonEmptyString()),
    trigger: oneOf('all-success', 'none-failed', 'one-failed', 'all-done', 'always'),
    description: ofType('string'),
    retry: either(wholeNumber(1), ofType('object')),
    cache: either(ofType('boolean'), ofType('object')),
    codec: ofType('object'),
    fallback: either(oneOf('previous'), ofType('function')),
    timeoutMs: finiteNumber(1),
    when: ofType('function'),
    compensate: ofType('function'),
    ...(isMap ? { over: nonEmptyString(), concurrency: wholeNumber(1) } : {}),
  }
}

function checkNeeds(subject: string, name: string, needs: readonly string[], known: ReadonlyMap<string, StepSpec>): void {
  for (const [index, need] of needs.entries()) {
    if (need === name) throw invalidArgument(`${subject} needs itself, which is a cycle`)
    if (needs.indexOf(need) !== index) throw invalidArgument(`${subject} needs ${show(need)} twice`)
    if (!known.has(need)) {
      throw invalidArgument(`${subject} needs ${show(need)}, which is not defined before it; defined are ${listed([...known.keys()])}`, {
        hint: 'Define steps before those that need them; this also keeps the graph free of cycles.',
      })
    }
  }
}

function checkNames(subject: string, option: string, names: readonly string[], known: readonly string[] | undefined, where: string): void {
  const unknown = known && names.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw invalidArgument(`\`${option}\` of ${subject} names ${show(unknown)}, which is not among ${where}: ${listed(known ?? [])}`)
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((each) => JSON.stringify(each))
  return [...shown, ...(names.length > 20 ? [`… and ${names.length - 20} more`] : [])].join(', ') || 'none'
}

function checkRetry(subject: string, retry: RetryOptions): void {
  checkOptions(`\`retry\` of ${subject}`, retry, {
    attempts: wholeNumber(1),
    backoffMs: finiteNumber(0),
    factor: finiteNumber(1),
    maxMs: finiteNumber(0),
    jitter: finiteNumber(0, 1),
    retryOn: ofType('function'),
  })
}
