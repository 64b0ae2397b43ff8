"""Makes test/golden/pruners.json: .venvs/bench/bin/python test/golden/make_pruners.py"""

import json
import math
import pathlib
import platform

import numpy as np
import optuna
from optuna.pruners import MedianPruner, PercentilePruner, SuccessiveHalvingPruner

optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = np.random.default_rng(45)
trials, reports = 40, 16
level = rng.uniform(0, 1, trials)
curves = np.round(level[:, None] + np.exp(-np.arange(reports) / 4)[None, :] + rng.normal(0, 0.08, (trials, reports)), 2)
curves[rng.random(curves.shape) < 0.03] = math.nan
curves[7] = math.nan
curves[11, 5:] = math.inf
curves[13, 2] = -math.inf
lengths = rng.integers(reports // 2, reports + 1, trials)
schedules = {
    "counted": list(range(reports)),
    "tens": [10 * (i + 1) for i in range(reports)],
    "doubling": [2**i for i in range(reports)],
    "uneven": sorted(rng.choice(60, reports, replace=False).tolist()),
}
pruners = [
    (MedianPruner, {}),
    (MedianPruner, {"n_startup_trials": 0, "n_warmup_steps": 3, "interval_steps": 4}),
    (MedianPruner, {"n_startup_trials": 2, "n_warmup_steps": 25, "interval_steps": 7, "n_min_trials": 4}),
    (PercentilePruner, {"percentile": 25.0}),
    (PercentilePruner, {"percentile": 80.0, "n_startup_trials": 3}),
    (PercentilePruner, {"percentile": 100.0, "n_startup_trials": 1}),
    (SuccessiveHalvingPruner, {}),
    (SuccessiveHalvingPruner, {"min_resource": 1, "reduction_factor": 2}),
    (SuccessiveHalvingPruner, {"min_resource": 2, "reduction_factor": 3, "min_early_stopping_rate": 1}),
    (SuccessiveHalvingPruner, {"min_resource": 1, "reduction_factor": 4, "bootstrap_count": 3}),
]


def play(pruner, direction, steps):
    """How many reports each trial makes, and its scores at the rungs that it completed."""
    study = optuna.create_study(direction=direction, pruner=pruner)
    outcomes = []
    for number in range(trials):
        trial = study.ask()
        made, pruned = 0, False
        for i in range(lengths[number]):
            trial.report(float(curves[number, i]), steps[i])
            made += 1
            if trial.should_prune():
                pruned = True
                break
        if pruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, float(level[number]))
        attributes = study.trials[number].system_attrs
        rungs = [text(attributes[key]) for key in sorted(attributes, key=lambda key: int(key.rsplit("_")[-1]))]
        outcomes.append([made, int(pruned), *rungs])
    return outcomes


def text(value):
    """A number as stored JSON holds it."""
    if math.isnan(value):
        return "NaN"
    return ("-" if value < 0 else "") + "Infinity" if math.isinf(value) else value


cases = []
for kind, options in pruners:
    for direction in ["minimize", "maximize"]:
        for schedule, steps in schedules.items():
            cases.append({
                "kind": kind.__name__, "options": options, "direction": direction, "schedule": schedule,
                "outcomes": play(kind(**options), direction, steps),
            })
golden = {
    "versions": {"optuna": optuna.__version__, "numpy": np.__version__, "python": platform.python_version()},
    "schedules": schedules, "lengths": lengths.tolist(), "levels": level.tolist(),
    "curves": [[text(value) for value in row] for row in curves.tolist()],
}
lines = ",\n".join(json.dumps(case) for case in cases)
body = json.dumps(golden)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
(pathlib.Path(__file__).parent / "pruners.json").write_text(body)
