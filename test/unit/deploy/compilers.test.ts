import { describe, expect, it } from 'vitest'
import { parseYaml } from '../../../src/core/yaml-read'
import { airflowDag, argoWorkflow, dvcYaml, githubMatrix, kubeflowPipeline } from '../../../src/deploy'
import { pythonLiteral } from '../../../src/deploy/python'
import { shellWord } from '../../../src/deploy/shell'
import { Pipeline } from '../../../src/pipeline'
import { examplePipeline, oneStep } from './pipeline-example'

const command = ['node', 'step.mjs']
// biome-ignore lint/suspicious/noTemplateCurlyInString: the interpolation of other tools
const params = { depth: 3, label: 'a "b" {{x}} ${y}\'' }
/** What a compiler wrote, as the test expects its shape. */
function yaml<T>(text: string): T {
  return parseYaml(text, 'compiled') as T
}

/** Every compiler on the same pipeline. */
const compilers: readonly [string, (pipeline: Pipeline, more?: object) => unknown][] = [
  ['Airflow', (pipeline, more) => airflowDag(pipeline, { command, ...more })],
  ['Argo Workflows', (pipeline, more) => argoWorkflow(pipeline, { command, image: 'i', ...more })],
  ['DVC', (pipeline, more) => dvcYaml(pipeline, { command, ...more })],
  ['GitHub Actions', (pipeline, more) => githubMatrix(pipeline, { command, ...more })],
  ['Kubeflow Pipelines', (pipeline, more) => kubeflowPipeline(pipeline, { command, image: 'i', ...more })],
]

describe.each(compilers)('the compiler for %s', (engine, compile) => {
  it('refuses what the engine cannot express, with the step and the reason', () => {
    expect(() => compile(oneStep({ compensate: () => {} }))).toThrow(
      `${engine} cannot express pipeline "one": step "only" has a compensation, and it does not run the undoing of earlier steps after a failure`,
    )
    const refusesPrevious = ['DVC', 'GitHub Actions', 'Kubeflow Pipelines'].includes(engine)
    const previous = () => compile(oneStep({ fallback: 'previous' }))
    if (refusesPrevious) expect(previous).toThrow('step "only" falls back to the output of an earlier run, and')
    else expect(previous).not.toThrow()
    const late = () => compile(oneStep({ trigger: 'always' }))
    if (['DVC', 'Kubeflow Pipelines'].includes(engine)) expect(late).toThrow('step "only" has the trigger rule "always", and')
    else expect(late).not.toThrow()
    const secret = () => compile(oneStep({ secrets: ['KEY'] }, ['KEY']))
    if (['Argo Workflows', 'Kubeflow Pipelines'].includes(engine))
      expect(secret).toThrow('reads secrets, and they must be in a Kubernetes Secret')
    else expect(secret).not.toThrow()
  })

  it('refuses wrong options and what is no pipeline', () => {
    expect(() => compile(new Pipeline('empty'))).toThrow('pipeline "empty" has no steps to compile')
    expect(() => compile({} as Pipeline)).toThrow(`${engine} compiles a pipeline or its graph, got an empty object`)
    expect(() => compile(oneStep({}), { command: [] })).toThrow('needs `command`')
    expect(() => compile(oneStep({}), { imgae: 'x' })).toThrow('`imgae` is not an option of')
    expect(() => compile(oneStep({}), { params: { deep: 1 } })).toThrow('`params` names "deep", which no step of pipeline "one" reads')
  })

  it('takes a graph as plain data and gives the same text each time', () => {
    const more = { params, secretName: 'tokens' }
    const options = engine === 'Argo Workflows' || engine === 'Kubeflow Pipelines' ? more : { params }
    const text = compile(examplePipeline() as unknown as Pipeline, options)
    const graph = JSON.parse(JSON.stringify(examplePipeline().graph()))
    expect(compile(graph, options)).toEqual(text)
  })
})

describe('airflowDag', () => {
  it('writes tasks, mapped tasks, retries, rules and parameters as Python', () => {
    const text = airflowDag(examplePipeline(), {
      command,
      params,
      schedule: '@daily',
      secretVariables: { TOKEN: 'token' },
      timeZone: 'Europe/Paris',
      input: { a: null },
    })
    expect(text).toContain('COMMAND = ["node", "step.mjs"]')
    expect(text).toContain('"--input", "{\\"a\\":null}"')
    expect(text).toContain('dag_id="Nightly__train_"')
    expect(text).toContain('schedule="@daily"')
    expect(text).toContain('start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Paris"))')
    expect(text).toContain(`params={"depth": Param(3), "label": Param(${JSON.stringify(params.label)})}`)
    expect(text).toContain('    ).expand(op_kwargs=step_list.output.map(lambda index: {"step": "fit it", "index": index}))')
    expect(text).toContain('    ).expand(op_kwargs=step_fit_it.output.map(lambda index: {"step": "twice", "index": index}))')
    expect(text).toContain(
      'retries=2,\n        retry_delay=timedelta(seconds=0.5),\n        retry_exponential_backoff=3,\n        max_retry_delay=timedelta(seconds=4),',
    )
    expect(text).toContain('execution_timeout=timedelta(seconds=61.5)')
    expect(text).toContain('environment.update({name: Variable.get(variable) for name, variable in SECRETS.items()})')
    expect(text).toContain('    step_never >> step_last\n    step_spare >> step_last\n')
    // Only a pipeline whose last tasks can hide a failure has the watcher.
    expect(text).not.toContain('millwright_watcher')
    expect(airflowDag(oneStep({ trigger: 'all-done' }), { command })).toContain('    [step_only] >> watcher')
    expect(() => airflowDag(examplePipeline(), { command, dagId: 'a b' })).toThrow('`dagId` of airflowDag must be letters')
    expect(() => airflowDag(examplePipeline(), { command, startDate: 'today' })).toThrow('a date such as 2026-01-31')
  })

  it('gives names that differ where Airflow allows fewer characters', () => {
    const pipeline = new Pipeline('p')
      .step('a b', () => 1)
      .step('a+b', () => 2)
      .step('a_b', () => 3)
    const text = airflowDag(pipeline, { command })
    expect([...text.matchAll(/task_id="(.*?)"/g)].map(([, id]) => id)).toEqual(['a_b', 'a_b_2', 'a_b_3'])
    expect(text).toContain('op_kwargs={"step": "a+b"}')
  })
})

describe('literals', () => {
  it('of Python and words of the shell keep every text', () => {
    expect(pythonLiteral({ a: [true, false, null, 1.5], 'b"': 'é\n☃\ud800' })).toBe(
      '{"a": [True, False, None, 1.5], "b\\"": "é\\n☃\\ud800"}',
    )
    expect(() => pythonLiteral(Number.NaN)).toThrow('must be JSON')
    expect(() => pythonLiteral(new Date())).toThrow('must be JSON')
    expect(['a-b_c/d.e=1', '', "it's", 'a $b'].map(shellWord)).toEqual(['a-b_c/d.e=1', "''", "'it'\\''s'", "'a $b'"])
  })
})

describe('dvcYaml', () => {
  it('writes stages with folders, parameters and files', () => {
    const files = dvcYaml(examplePipeline(), {
      command,
      params,
      deps: ['step.mjs'],
      stepDeps: { list: ['raw.csv'] },
      alwaysChanged: ['spare'],
      environment: { A: 'b c' },
    })
    const { stages } = yaml(files['dvc.yaml']) as { stages: Record<string, { cmd: string; deps: string[]; outs: string[] }> }
    expect(Object.keys(stages)).toEqual(['list', 'fit-it', 'twice', 'best', 'spare', 'never', 'last'])
    expect(stages.best).toEqual({
      cmd: "A='b c' node step.mjs --step best --run dvc --seed 0 --params-file params.yaml --in pipeline/twice --in pipeline/list --out pipeline/best",
      deps: ['step.mjs', 'pipeline/twice', 'pipeline/list'],
      params: ['label'],
      outs: ['pipeline/best'],
    })
    expect(stages.list?.deps).toEqual(['step.mjs', 'raw.csv'])
    expect(stages['fit-it']?.cmd).toContain("--step 'fit it'")
    expect(stages.spare).toMatchObject({ always_changed: true })
    expect(yaml(files['params.yaml'])).toEqual(params)
    expect(dvcYaml(oneStep({}), { command })['params.yaml']).toBe('{}\n')
    const other = yaml(dvcYaml(oneStep({}), { command, input: { q: '$' + '{x}' } })['dvc.yaml']) as { stages: { only: { cmd: string } } }
    expect(other.stages.only.cmd).toContain(`--input '{"q":"\\\${x}"}'`)
    expect(() => dvcYaml(examplePipeline(), { command })).toThrow('reads the parameter "depth", which has no value in `params`')
    expect(() => dvcYaml(examplePipeline(), { command, params, alwaysChanged: ['x'] })).toThrow('`alwaysChanged` of dvcYaml names "x"')
  })
})

describe('kubeflowPipeline', () => {
  it('writes components, loops, types and the secret', () => {
    const text = kubeflowPipeline(examplePipeline(), { command, image: 'registry/image:1', params, secretName: 'tokens' })
    const [spec, platform] = text.split('---\n').map(yaml) as unknown as [
      {
        root: { dag: { tasks: Record<string, object> }; inputDefinitions: object }
        components: Record<string, object>
        pipelineInfo: { name: string }
      },
      object,
    ]
    expect(spec.pipelineInfo.name).toBe('nightly-train')
    expect(Object.keys(spec.root.dag.tasks)).toEqual(['list', 'for-fit-it', 'for-twice', 'best', 'spare', 'never', 'last'])
    expect(spec.root.inputDefinitions).toEqual({
      parameters: {
        depth: { parameterType: 'NUMBER_INTEGER', defaultValue: 3, isOptional: true },
        label: { parameterType: 'STRING', defaultValue: params.label, isOptional: true },
      },
    })
    // A map over a map loops over the same positions, and gets the items of the first.
    expect(spec.root.dag.tasks['for-twice']).toMatchObject({
      dependentTasks: ['for-fit-it', 'list'],
      parameterIterator: { items: { inputParameter: 'pipelinechannel--list-Output' } },
    })
    expect(platform).toEqual({
      platforms: {
        kubernetes: {
          deploymentSpec: {
            executors: { 'exec-list': { secretAsEnv: [{ keyToEnv: [{ envVar: 'TOKEN', secretKey: 'TOKEN' }], secretName: 'tokens' }] } },
          },
        },
      },
    })
    // A step of the pipeline's own name would be loaded as the whole.
    const same = new Pipeline('train').step('train', () => 1)
    expect((yaml(kubeflowPipeline(same, { command, image: 'i' })) as { pipelineInfo: { name: string } }).pipelineInfo.name).toBe(
      'train-pipeline',
    )
    expect(() => kubeflowPipeline(examplePipeline(), { command, image: 'i', secretName: 's' })).toThrow(
      'the type of a parameter is known by its value',
    )
    expect(() =>
      kubeflowPipeline(
        new Pipeline('p').step('{{$}}', () => 1),
        { command, image: 'i' },
      ),
    ).toThrow('has "{{" in its name')
  })
})

describe('argoWorkflow', () => {
  it('writes templates, loops, retries and what tasks depend on', () => {
    const workflow = yaml(argoWorkflow(examplePipeline(), { command, image: 'i', params, secretName: 'tokens' })) as {
      kind: string
      spec: {
        arguments: { parameters: object[] }
        templates: {
          name: string
          dag?: { tasks: { name: string; depends?: string; withParam?: string }[] }
          container?: { args: string[]; env?: object[] }
          retryStrategy?: object
        }[]
      }
    }
    expect(workflow.kind).toBe('WorkflowTemplate')
    expect(workflow.spec.arguments.parameters).toEqual([
      { name: 'depth', value: '3' },
      { name: 'label', value: JSON.stringify(params.label) },
    ])
    const tasks = workflow.spec.templates[0]?.dag?.tasks
    expect(tasks?.map(({ name, depends }) => [name, depends])).toEqual([
      ['list', undefined],
      ['fit-it', 'list.Succeeded'],
      ['twice', '(fit-it.Succeeded || fit-it.Skipped) && list.Succeeded'],
      ['best', '(twice.Succeeded || twice.Skipped) && list.Succeeded'],
      ['spare', undefined],
      ['never', 'best.Succeeded'],
      ['last', 'never.Succeeded && spare.Succeeded'],
    ])
    expect(tasks?.[2]?.withParam).toBe('{{tasks.list.outputs.parameters.indexes}}')
    const best = workflow.spec.templates.find(({ name }) => name === 'best')
    expect(best?.retryStrategy).toMatchObject({ limit: '2', backoff: { duration: '500ms', factor: '3' } })
    expect(best?.container?.args.slice(-6)).toEqual([
      '--retry',
      '{{retries}}',
      '--param',
      'depth={{workflow.parameters.depth}}',
      '--param',
      'label={{workflow.parameters.label}}',
    ])
    const cron = yaml(argoWorkflow(oneStep({ trigger: 'always' }), { command, image: 'i', schedule: '0 3 * * *' }))
    expect(cron).toMatchObject({
      kind: 'CronWorkflow',
      spec: { schedules: ['0 3 * * *'], workflowSpec: { templates: [{ dag: { failFast: false, target: 'only' } }, {}] } },
    })
  })
})

describe('githubMatrix', () => {
  it('writes jobs, matrices and conditions, and keeps values out of scripts', () => {
    const workflow = yaml(githubMatrix(examplePipeline(), { command, params })) as {
      on: { workflow_dispatch: { inputs: object } }
      jobs: Record<
        string,
        {
          if?: string
          needs?: string[]
          strategy?: object
          'timeout-minutes'?: number
          steps: { id?: string; run?: string; env?: Record<string, string> }[]
        }
      >
    }
    expect(workflow.on.workflow_dispatch.inputs).toMatchObject({ depth: { type: 'number', default: 3 }, label: { type: 'string' } })
    expect(workflow.jobs.fit_it?.strategy).toMatchObject({ matrix: { index: '$' + '{{ fromJSON(needs.list.outputs.indexes) }}' } })
    expect(workflow.jobs.twice?.needs).toEqual(['fit_it', 'list'])
    expect(workflow.jobs.fit_it?.['timeout-minutes']).toBe(6)
    expect(workflow.jobs.best?.if).toBe('$' + '{{ !failure() && !cancelled() }}')
    const step = workflow.jobs.list?.steps.find(({ id }) => id === 'step')
    expect(step?.run).not.toContain('$' + '{{')
    expect(step?.env).toMatchObject({ TOKEN: '$' + '{{ secrets.TOKEN }}', MILLWRIGHT_PARAMS: JSON.stringify(params) })
  })
})

describe('compilers without options', () => {
  it.each([airflowDag, argoWorkflow, dvcYaml, githubMatrix, kubeflowPipeline])('say so', (compile) => {
    expect(() => compile({ name: 'p', nodes: [], edges: [] } as never, undefined as never)).toThrow(
      /^the options of \w+ must be an object, got null$/,
    )
  })
})
