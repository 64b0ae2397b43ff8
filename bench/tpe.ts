/**
 * The Tree-structured Parzen Estimator against Optuna's and against chance: median regret after 50 trials over seeds, on test functions whose least
 * value is 0. `node scripts/run.mjs bench/tpe.ts`; its Python is that of the other benches: .venvs/bench, or MILLWRIGHT_OPTUNA.
 */
import { spawnSync } from 'node:child_process'
import { choice, int, logUniform, optimize, type ParamValues, type SearchSpace, uniform } from '../src/learn'

const seeds = Number(process.env.SEEDS ?? 30)
const trials = 50
const python = process.env.MILLWRIGHT_OPTUNA ?? '.venvs/bench/bin/python'
const at = (params: ParamValues, name: string): number => params[name] as number

const functions: Readonly<Record<string, { readonly space: SearchSpace; readonly f: (params: ParamValues) => number }>> = {
  sphere: { space: { x: uniform(-5, 5), y: uniform(-5, 5) }, f: (p) => at(p, 'x') ** 2 + (at(p, 'y') - 1) ** 2 },
  branin: {
    space: { x: uniform(-5, 10), y: uniform(0, 15) },
    f: (p) => {
      const [x, y] = [at(p, 'x'), at(p, 'y')]
      return (
        (y - (5.1 * x * x) / (4 * Math.PI ** 2) + (5 * x) / Math.PI - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10 - 0.397887
      )
    },
  },
  mixed: {
    space: { rate: logUniform(1e-5, 1), depth: int(1, 20), kind: choice(['a', 'b', 'c']) },
    f: (p) => Math.log10(at(p, 'rate') / 1e-3) ** 2 + ((at(p, 'depth') - 7) / 4) ** 2 + (p.kind === 'b' ? 0 : 1),
  },
}

const script = `
import json, math, time, optuna, sys
optuna.logging.set_verbosity(optuna.logging.ERROR)
def sphere(t): return t.suggest_float("x", -5, 5) ** 2 + (t.suggest_float("y", -5, 5) - 1) ** 2
def branin(t):
    x, y = t.suggest_float("x", -5, 10), t.suggest_float("y", 0, 15)
    return (y - 5.1 * x * x / (4 * math.pi ** 2) + 5 * x / math.pi - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887
def mixed(t):
    r, d, k = t.suggest_float("rate", 1e-5, 1, log=True), t.suggest_int("depth", 1, 20), t.suggest_categorical("kind", ["a", "b", "c"])
    return math.log10(r / 1e-3) ** 2 + ((d - 7) / 4) ** 2 + (0 if k == "b" else 1)
out = {}
for f in [sphere, branin, mixed]:
    start, best = time.perf_counter(), []
    for seed in range(${seeds}):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.optimize(f, n_trials=${trials})
        best.append(study.best_value)
    out[f.__name__] = {"best": best, "seconds": time.perf_counter() - start}
print(json.dumps({"version": optuna.__version__, "out": out}))
`

const { stdout, stderr, status } = spawnSync(python, ['-c', script], { encoding: 'utf8', maxBuffer: 2 ** 26 })
if (status !== 0) throw new Error(`${python} ended with ${status}: ${stderr}`)
const optuna = JSON.parse(stdout) as { version: string; out: Record<string, { best: number[]; seconds: number }> }

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] as number
const rows: Record<string, unknown>[] = []
for (const [name, { space, f }] of Object.entries(functions)) {
  const run = async (sampler: 'tpe' | 'random') => {
    const start = performance.now()
    const best: number[] = []
    for (let seed = 0; seed < seeds; seed++) best.push((await optimize(f, { params: space, trials, sampler, seed })).bestScore)
    return { regret: median(best), seconds: (performance.now() - start) / 1000 }
  }
  const [ours, chance, theirs] = [await run('tpe'), await run('random'), optuna.out[name] as { best: number[]; seconds: number }]
  const regret = median(theirs.best)
  rows.push({
    function: name,
    ours: ours.regret.toPrecision(3),
    optuna: regret.toPrecision(3),
    chance: chance.regret.toPrecision(3),
    'ours ÷ optuna': (ours.regret / regret).toFixed(2),
    'time ÷ optuna': (ours.seconds / theirs.seconds).toFixed(3),
  })
}
console.table(rows)
console.log(JSON.stringify({ bench: 'tpe', seeds, trials, optuna: optuna.version, node: process.version, rows }))
