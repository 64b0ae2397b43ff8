/** Includes the steps of one pipeline in another, under a common prefix. */
import { invalidArgument, show } from '../core/errors'
import type { Declared } from './check-step'
import type { ParamsSchema } from './params-schema'
import type { LooseArguments, LooseContext, StepSpec } from './step'

/** What a sub-pipeline brings along. */
export interface Included {
  readonly specs: ReadonlyMap<string, StepSpec>
  readonly params: ParamsSchema<unknown> | undefined
  readonly input: ((value: unknown) => unknown) | undefined
  readonly name: string
}

/** How it is included. */
export interface Inclusion {
  readonly needs: readonly string[]
  readonly params: readonly string[]
  readonly input: ((context: LooseArguments) => unknown) | undefined
  readonly subParams: ((context: LooseArguments) => unknown) | undefined
  readonly when: StepSpec['when']
  /** The step whose output is that of the whole. @default the outputs of all steps by name */
  readonly output: string | undefined
}

/** What the first step of an inclusion gives: the input and the parameters of the sub-pipeline. */
interface Begin {
  readonly input: unknown
  readonly params: Readonly<Record<string, unknown>>
}

/**
 * The steps of an inclusion in the order of their definition: `name.begin`, which makes the input and parameters, `name.<step>` for each step,
 * and `name` with the output.
 *
 * @throws InvalidArgument for a step that does not exist, or a secret that the pipeline does not declare
 */
export function includeSteps(name: string, sub: Included, inclusion: Inclusion, declared: Declared): StepSpec[] {
  const subject = `sub-pipeline ${show(name)} of pipeline ${show(declared.pipeline)}`
  const { output } = inclusion
  if (output !== undefined && !sub.specs.has(output)) {
    throw invalidArgument(
      `\`output\` of ${subject} names ${show(output)}, which is no step of pipeline ${show(sub.name)}; it has ${[...sub.specs.keys()].join(', ')}`,
    )
  }
  const secret = [...sub.specs.values()].flatMap((spec) => spec.secrets).find((each) => !declared.secrets.includes(each))
  if (secret !== undefined) {
    throw invalidArgument(
      `${subject} reads the secret ${show(secret)}, which pipeline ${show(declared.pipeline)} does not declare in \`secrets\``,
    )
  }
  const begin = `${name}.begin`
  const inner = [...sub.specs.values()].map((spec) => innerStep(name, begin, spec))
  return [...[beginStep(begin, sub, inclusion), ...inner].map((spec) => ({ ...spec, inner: true })), outputStep(name, sub, inclusion)]
}

const plain = { params: [], secrets: [], trigger: 'all-success', readsInput: false } as const

function beginStep(begin: string, sub: Included, { needs, params, input, subParams, when }: Inclusion): StepSpec {
  const run = async (context: LooseArguments): Promise<Begin> => {
    const given = input?.(context)
    const { checkParams } = await import('./params')
    const checked = await checkParams(sub.name, sub.params, subParams?.(context))
    return { input: sub.input === undefined ? given : sub.input(given), params: checked.values }
  }
  const code = `${String(input)}\n${String(subParams)}`
  const description = `input and parameters of pipeline ${sub.name}`
  return {
    ...plain,
    name: begin,
    description,
    needs,
    gets: needs,
    params,
    run,
    code,
    readsInput: true,
    ...(when === undefined ? {} : { when }),
  }
}

function outputStep(name: string, sub: Included, { output }: Inclusion): StepSpec {
  const own = [...sub.specs.values()].filter((spec) => !spec.inner).map((spec) => spec.name)
  const steps = output === undefined ? own : [output]
  const needs = steps.map((step) => `${name}.${step}`)
  const run = ({ inputs }: LooseArguments): unknown =>
    output === undefined ? Object.fromEntries(steps.map((step) => [step, inputs[`${name}.${step}`]])) : inputs[`${name}.${output}`]
  const only = output === undefined ? undefined : sub.specs.get(output)
  // A map step has a codec for one item, not for the list.
  const codec = only?.over === undefined ? only?.codec : undefined
  return {
    ...plain,
    name,
    description: `output of pipeline ${sub.name}`,
    needs,
    gets: needs,
    run,
    code: steps.join(),
    ...(codec === undefined ? {} : { codec }),
  }
}

function innerStep(name: string, begin: string, spec: StepSpec): StepSpec {
  const outer = (need: string): string => `${name}.${need}`
  const views = Object.fromEntries(Object.entries(spec.views ?? {}).map(([need, view]) => [outer(need), view]))
  // Of the input and the parameters only what the step reads counts as its input.
  const viewOfBegin = (value: unknown): unknown => {
    const { input, params } = value as Begin
    return { input: spec.readsInput ? input : undefined, params: Object.fromEntries(spec.params.map((param) => [param, params[param]])) }
  }
  const inwards = <T extends LooseArguments>(context: T): T => {
    const { input, params } = context.inputs[begin] as Begin
    return {
      ...context,
      input,
      params: Object.fromEntries(spec.params.map((param) => [param, params[param]])),
      inputs: Object.fromEntries(
        spec.gets.flatMap((need) => (Object.hasOwn(context.inputs, outer(need)) ? [[need, context.inputs[outer(need)]]] : [])),
      ),
    }
  }
  const { cache, when, fallback, compensate } = spec
  const key = typeof cache === 'object' ? cache.key : undefined
  return {
    ...spec,
    name: outer(spec.name),
    needs: [...spec.needs.map(outer), begin],
    gets: [...spec.gets.map(outer), begin],
    ...(spec.over === undefined ? {} : { over: outer(spec.over) }),
    params: [],
    readsInput: false,
    views: { ...views, [begin]: viewOfBegin },
    run: (context: LooseContext) => {
      const upstream = Object.fromEntries(spec.needs.map((need) => [need, context.upstream[outer(need)]]))
      return spec.run({ ...inwards(context), upstream: upstream as LooseContext['upstream'] })
    },
    ...(key === undefined ? {} : { cache: { ...(cache as object), key: (context) => key(inwards(context)) } }),
    ...(when === undefined ? {} : { when: (context) => when(inwards(context)) }),
    ...(typeof fallback === 'function' ? { fallback: (context) => fallback(inwards(context)) } : {}),
    ...(compensate === undefined ? {} : { compensate: (context) => compensate(inwards(context)) }),
  }
}
