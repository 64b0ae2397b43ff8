/** Compiles a pipeline to a DAG file of Airflow 3. */
import { invalidArgument, show } from '../core/errors'
import { arrayOf, checkOptions, nonEmptyString, ofType, wholeNumber } from '../core/options'
import {
  type CompiledGraph,
  type CompiledStep,
  type CompileOptions,
  compiledGraph,
  compileRules,
  engineNames,
  type PipelineSource,
} from './compile'
import { pythonLiteral } from './python'

/** Options of {@link airflowDag}. */
export interface AirflowOptions extends CompileOptions {
  /** @default the name of the pipeline */
  readonly dagId?: string | undefined
  /** A cron expression or a preset such as `@daily`. @default none: runs are started by hand or by the API */
  readonly schedule?: string | undefined
  /** The first day of the schedule, as in 2026-01-31. @default '2026-01-01' */
  readonly startDate?: string | undefined
  /** IANA time zone of the schedule. @default 'UTC' */
  readonly timeZone?: string | undefined
  /** Whether runs for missed times are made up for. @default false */
  readonly catchUp?: boolean | undefined
  /** Most tasks of a run at the same time. @default as Airflow is configured */
  readonly concurrency?: number | undefined
  /** Airflow Variables that hold the secrets: secret → name of the variable. @default environment variables of the worker, by the same name */
  readonly secretVariables?: Readonly<Record<string, string>> | undefined
  /** Where the command is started. @default a temporary folder of Airflow */
  readonly workingDirectory?: string | undefined
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
}

/**
 * The text of a DAG file: one task a step, a mapped task for each map step, retries, time limits, trigger rules and parameters as Airflow's own.
 * A task starts the step's command; results meet in the storage that the command opens, and Airflow passes on digests only.
 *
 * Conditions, fallbacks, the step cache and retry decisions are made by the command. A run fails when any step failed, not only a last one.
 * Airflow doubles waits between attempts, whatever their `factor`.
 *
 * @throws Unsupported for compensations; InvalidArgument for bad options
 */
export function airflowDag(source: PipelineSource, options: AirflowOptions): string {
  checkOptions('airflowDag', options ?? null, {
    ...compileRules(),
    dagId: nonEmptyString(),
    schedule: nonEmptyString(),
    startDate: { allowed: 'a date such as 2026-01-31', test: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) },
    timeZone: nonEmptyString(),
    catchUp: ofType('boolean'),
    concurrency: wholeNumber(1),
    secretVariables: ofType('object'),
    workingDirectory: nonEmptyString(),
    description: ofType('string'),
    tags: arrayOf(nonEmptyString()),
  })
  const graph = compiledGraph('Airflow', source, options)
  const dagId = options.dagId ?? graph.name.replace(/[^\w.-]/g, '_')
  if (!/^[\w.-]{1,250}$/.test(dagId))
    throw invalidArgument(`\`dagId\` of airflowDag must be letters, digits, "_", "." and "-", got ${show(dagId)}`)
  const ids = engineNames(graph.steps, (name) => name.replace(/[^\w.-]/g, '_').slice(0, 240), '_')
  const variables = engineNames(graph.steps, (name) => `step_${name.replace(/\W/g, '_')}`, '_')
  return [
    ...header(graph, options),
    ...dagLines(graph, dagId, options),
    ...taskLines(graph, ids, variables),
    ...edgeLines(graph, variables),
    '',
  ].join('\n')
}

function header(graph: CompiledGraph, options: AirflowOptions): string[] {
  const { command, seed = 0, input, environment = {}, secretVariables = {}, workingDirectory } = options
  const unknown = Object.keys(secretVariables).find((name) => !graph.secrets.includes(name))
  if (unknown !== undefined) throw invalidArgument(`\`secretVariables\` of airflowDag names ${show(unknown)}, which no step reads`)
  const extra = [
    '--seed',
    String(seed),
    '--skip-exit',
    '99',
    '--missing',
    'infer',
    ...(input === undefined ? [] : ['--input', JSON.stringify(input)]),
  ]
  return [
    `# A DAG of Airflow 3, compiled from pipeline ${JSON.stringify(graph.name)} by millwright. Change the pipeline and compile it again.`,
    'import json',
    'import os',
    'from datetime import datetime, timedelta',
    '',
    'from airflow.providers.standard.hooks.subprocess import SubprocessHook',
    'from airflow.providers.standard.operators.python import PythonOperator',
    `from airflow.sdk import DAG, Param${Object.keys(secretVariables).length > 0 ? ', Variable' : ''}`,
    'from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException',
    ...(options.timeZone === undefined ? [] : ['from zoneinfo import ZoneInfo']),
    '',
    `COMMAND = ${pythonLiteral([...command])}`,
    `ARGUMENTS = ${pythonLiteral(extra)}`,
    `ENVIRONMENT = ${pythonLiteral({ ...environment })}`,
    `SECRETS = ${pythonLiteral({ ...secretVariables })}`,
    `FOLDER = ${pythonLiteral(workingDirectory ?? null)}`,
    '',
    '',
    'def run_step(step, index=None, is_list=False, **context):',
    '    """Starts the command of one step; gives what the tasks after it need to know."""',
    '    command = [*COMMAND, "--step", step, "--run", context["run_id"], "--attempt", str(context["ti"].try_number), *ARGUMENTS]',
    '    if index is not None:',
    '        command += ["--index", str(index)]',
    '    environment = {**os.environ, **ENVIRONMENT, "MILLWRIGHT_PARAMS": json.dumps(dict(context["params"]))}',
    ...(Object.keys(secretVariables).length > 0
      ? ['    environment.update({name: Variable.get(variable) for name, variable in SECRETS.items()})']
      : []),
    '    result = SubprocessHook().run_command(command, env=environment, cwd=FOLDER)',
    '    if result.exit_code == 99:',
    '        raise AirflowSkipException(result.output)',
    '    if result.exit_code in (1, 2):',
    '        raise AirflowFailException(result.output)',
    '    if result.exit_code != 0:',
    '        raise AirflowException(result.output)',
    '    if index is not None:',
    '        return index',
    '    report = json.loads(result.output)',
    '    return list(range(report.get("length", 0))) if is_list else report',
    '',
    '',
  ]
}

function dagLines(graph: CompiledGraph, dagId: string, options: AirflowOptions): string[] {
  const { schedule, startDate = '2026-01-01', timeZone, catchUp = false, concurrency, description, tags, params = {} } = options
  const [year, month, day] = startDate.split('-').map(Number)
  const zone = timeZone === undefined ? '' : `, tzinfo=ZoneInfo(${pythonLiteral(timeZone)})`
  // A parameter without a value here has the default of the pipeline's schema, which the command knows.
  const known = Object.entries(params).map(([name, value]) => `${JSON.stringify(name)}: Param(${pythonLiteral(value)})`)
  return [
    'with DAG(',
    `    dag_id=${pythonLiteral(dagId)},`,
    `    schedule=${pythonLiteral(schedule ?? null)},`,
    `    start_date=datetime(${year}, ${month}, ${day}${zone}),`,
    `    catchup=${pythonLiteral(catchUp)},`,
    ...(concurrency === undefined ? [] : [`    max_active_tasks=${concurrency},`]),
    ...(description === undefined ? [] : [`    description=${pythonLiteral(description)},`]),
    `    tags=${pythonLiteral([...(tags ?? ['millwright'])])},`,
    `    params={${known.join(', ')}},`,
    `    doc_md=${pythonLiteral(`Pipeline ${graph.name}: ${graph.steps.length} steps.`)},`,
    ') as dag:',
  ]
}

function taskLines(graph: CompiledGraph, ids: ReadonlyMap<string, string>, variables: ReadonlyMap<string, string>): string[] {
  const byName = new Map(graph.steps.map((step) => [step.name, step]))
  return graph.steps.flatMap((step) => {
    const variable = variables.get(step.name)
    const common = [`task_id=${pythonLiteral(ids.get(step.name))}`, 'python_callable=run_step', ...taskOptions(step, byName)]
    const open = `    ${variable} = PythonOperator${step.over === undefined ? '' : '.partial'}(`
    const lines = [open, ...common.map((option) => `        ${option},`)]
    if (step.over === undefined)
      return [...lines, `        op_kwargs=${pythonLiteral({ step: step.name, ...(step.isList ? { is_list: true } : {}) })},`, '    )']
    const name = pythonLiteral(step.name)
    return [...lines, `    ).expand(op_kwargs=${variables.get(step.over)}.output.map(lambda index: {"step": ${name}, "index": index}))`]
  })
}

function taskOptions(step: CompiledStep, byName: ReadonlyMap<string, CompiledStep>): string[] {
  const { attempts, backoff, timeoutMs, description } = step
  const seconds = (ms: number): string => `timedelta(seconds=${ms / 1000})`
  const rule = triggerRule(step, byName)
  return [
    ...(rule === 'all_success' ? [] : [`trigger_rule=${pythonLiteral(rule)}`]),
    ...(attempts === 1 || backoff === undefined
      ? []
      : [
          `retries=${attempts - 1}`,
          `retry_delay=${seconds(backoff.baseMs)}`,
          // Airflow asks for a number since 3.2: the factor of the growth; 0 for none.
          ...(backoff.factor > 1 ? [`retry_exponential_backoff=${backoff.factor}`, `max_retry_delay=${seconds(backoff.maxMs)}`] : []),
        ]),
    // The command keeps the limit itself; Airflow's is for a command that hangs.
    ...(timeoutMs === undefined ? [] : [`execution_timeout=${seconds(timeoutMs + 60_000)}`]),
    ...(description === undefined ? [] : [`doc_md=${pythonLiteral(description)}`]),
  ]
}

/**
 * Airflow's rule. The command decides again by the results in the storage, so a rule that starts too often is right: a skipped step costs one start.
 * A mapped task over an empty list is skipped by Airflow, so what needs one must start after skips.
 */
function triggerRule({ trigger, needs }: CompiledStep, byName: ReadonlyMap<string, CompiledStep>): string {
  if (trigger === 'one-failed' || trigger === 'all-done' || trigger === 'always') return 'all_done'
  if (trigger === 'none-failed' || needs.some((need) => byName.get(need)?.over !== undefined)) return 'none_failed'
  return 'all_success'
}

function edgeLines(graph: CompiledGraph, variables: ReadonlyMap<string, string>): string[] {
  const edges = graph.steps.flatMap((step) => step.needs.map((need) => `    ${variables.get(need)} >> ${variables.get(step.name)}`))
  const hidesFailures = graph.steps.some(({ trigger }) => trigger !== 'all-success' && trigger !== 'none-failed')
  if (!hidesFailures) return edges
  return [
    ...edges,
    '',
    '    # Airflow takes the state of a run from its last tasks; this one fails when any task failed.',
    '    def fail_run():',
    '        raise AirflowFailException("a step of the pipeline failed")',
    '',
    '    watcher = PythonOperator(task_id="millwright_watcher", python_callable=fail_run, trigger_rule="one_failed")',
    `    [${graph.steps.map(({ name }) => variables.get(name)).join(', ')}] >> watcher`,
  ]
}
