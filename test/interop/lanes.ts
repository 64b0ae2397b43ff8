/** The interop lanes: each a tool, pinned in a folder of its own, and the programs that show our side of it. See CONTRIBUTING.md for adding one. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** One lane. What it installs is what lies in its folder: `requirements.txt` (and `requirements-<x>.txt`) for Python, `package-lock.json` for npm. */
export interface Lane {
  /** The name of the lane and of its folder. */
  readonly name: string
  /** What it shows, for `--list`. */
  readonly about: string
  /** The lane whose programs it runs with its own environment. @default its own */
  readonly programsOf?: string
  /** Which of them. @default all */
  readonly programs?: readonly string[]
  /** Packages of Debian, unpacked below `.venvs/<lane>-debian`; nothing is installed on the machine. */
  readonly debian?: readonly string[]
  /** Needs Chromium. */
  readonly browser?: true
  /** One MLflow server for all programs of the lane. */
  readonly server?: true
  /** Packages of Debian that are installed on the machine, with what they depend on: the path that shows whether one is there → the package. */
  readonly installs?: Readonly<Record<string, string>>
  /** Programs written in Go, installed below `.venvs/<lane>-go`: name → module and version. Where there is no Go, they are left out, and the lane says so. */
  readonly go?: Readonly<Record<string, string>>
  /** Needs the built package. */
  readonly build?: true
}

/** Every lane, those that take longest first. */
export const lanes: readonly Lane[] = [
  { name: 'mlflow', about: 'the newest MLflow: server, Python client, pages in Chromium', server: true, browser: true },
  {
    name: 'mlflow-old',
    about: 'MLflow 3.0.1: all that crosses between it and us',
    programsOf: 'mlflow',
    programs: [
      ...['browser_server', 'hostile_names', 'mlflow_server', 'registry', 'registry_server', 'registry_sqlite', 'search_answers'],
      ...['sqlite_store', 'tee_server', 'tracker_files'],
    ],
    server: true,
    browser: true,
  },
  { name: 'mlflow-s3', about: 'MLflow with a login, and with artifacts on S3' },
  { name: 's3', about: 's3Storage at moto and versitygw: the conformance suite, large objects, runs, models and pipelines' },
  { name: 'faults', about: 'full and read-only disks, killed processes, a crowd of processes (no other tool)' },
  {
    name: 'redis',
    about: "steps of pipelines by BullMQ on Debian's Redis: the checks of the executor port, killed workers and schedulers",
    installs: { '/usr/bin/redis-server': 'redis-server' },
  },
  {
    name: 'postgres',
    about: "the same by BullMQ on Debian's PostgreSQL",
    installs: { '/usr/lib/postgresql': 'postgresql' },
  },
  { name: 'wandb', about: "Weights & Biases' client: reading and uploading our files" },
  {
    name: 'deploy',
    about:
      'deployment files judged by the tools that read them; model passports by CycloneDX and OpenSSF model_signing; examples/mlops-project, copied out',
    installs: { '/usr/bin/promtool': 'prometheus' },
    go: { kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0' },
    browser: true,
    build: true,
  },
  {
    name: 'dvc',
    about: 'dvc: metrics, params and plots of a DVCLive folder; data tracked, restored and read, both ways; compiled pipelines reproduced',
  },
  { name: 'airflow', about: 'Airflow: pipelines compiled to DAG files run there to the same outputs' },
  { name: 'kfp', about: 'Kubeflow Pipelines: compiled pipelines loaded by the SDK and run by its local orchestrator to the same outputs' },
  {
    name: 'workflows',
    about: 'compiled workflows of Argo (hera) and GitHub Actions (check-jsonschema): right by their schemas, jobs run here',
  },
  { name: 'pandas', about: 'pandas: every verb on nine files, cell by cell' },
  { name: 'gx', about: 'Great Expectations: every expectation on the same data with the same verdict' },
  {
    name: 'onnx-web',
    about:
      "models of others, and a chain of ours with 100 trees, on onnxruntime-web in Node and in Chromium: the answers of onnxruntime-node and Python's",
    browser: true,
  },
  {
    name: 'onnx',
    about:
      "exported models: Python's onnx.checker and onnxruntime give our answers on every row of real flights; int8 and float16 as Python's tools",
  },
  { name: 'sklearn', about: 'scikit-learn: every transformer with every option on real tables, every cell' },
  { name: 'columnar', about: 'pyarrow, pandas, polars and DuckDB read our Parquet and Arrow files, and we read theirs' },
  { name: 'tfjs', about: 'TensorFlow.js: autologging, callbacks, saved models; models run from their files, every layer as ONNX' },
  {
    name: 'clients',
    about: "tritonclient, KServe's client, MLflow's scoring client, schemathesis: a server of ours answers them as their own servers do",
  },
  {
    name: 'evidently',
    about: 'Evidently: its methods, scores and verdicts on the same tables; river: the positions of alarms on long streams',
  },
  { name: 'sketches', about: "Apache DataSketches' Python package: reads our KLL and HLL sketches, and we read its" },
  {
    name: 'trees',
    about:
      'XGBoost and LightGBM: their models read, and ours written, with the same answers on every row; SHAP values as theirs, and as those of shap',
  },
  {
    name: 'prometheus',
    about:
      "Debian's Prometheus and Alertmanager: they scrape our metrics, evaluate our alert rules, answer the dashboard's queries, take our alerts and group them as we do",
    debian: ['prometheus', 'prometheus-alertmanager'],
  },
  { name: 'nannyml', about: 'NannyML: performance without labels, chunk by chunk' },
  { name: 'grafana', about: "Grafana's published schema (its foundation SDK): every field of our dashboards is known to it" },
  {
    name: 'bundlers',
    about: 'Vite 7 and 8, webpack, Next.js, esbuild, Rollup: built, served in dev mode, seen in Chromium',
    browser: true,
    build: true,
  },
]

/** The lanes of these names, or all. @throws Error that names an unknown one and what there is */
export function findLanes(names: readonly string[]): readonly Lane[] {
  const unknown = names.find((name) => !lanes.some((lane) => lane.name === name))
  if (unknown !== undefined)
    throw new Error(`there is no interop lane ${JSON.stringify(unknown)}; lanes: ${lanes.map(({ name }) => name).join(', ')}`)
  return names.length === 0 ? lanes : lanes.filter(({ name }) => names.includes(name))
}

/** A lane's folder. */
export function folderOf(name: string): string {
  return join('test', 'interop', name)
}

/** Paths of a lane's programs: the TypeScript files of its folder whose name has no `_` before it. */
export function programsOf({ name, programsOf = name, programs }: Lane): readonly string[] {
  const folder = folderOf(programsOf)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.startsWith('_'))
    .filter((file) => programs === undefined || programs.includes(file.slice(0, -3)))
    .map((file) => join(folder, file))
}
