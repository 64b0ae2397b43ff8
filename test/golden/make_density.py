"""Golden values of kernel densities: scipy.stats.gaussian_kde. Run: .venvs/bench/bin/python test/golden/make_density.py"""
import json
import platform

import numpy
import scipy
from scipy.stats import gaussian_kde

rng = numpy.random.default_rng(3)
samples = {
    "normal": rng.normal(10, 2, 40),
    "skewed": rng.exponential(1, 60),
    "ties": numpy.round(rng.normal(0, 3, 50)),
    "two": numpy.array([1.0, 2.5]),
}
cases = []
for name, values in samples.items():
    for rule in ("scott", "silverman"):
        density = gaussian_kde(values, bw_method=rule)
        x = numpy.linspace(values.min() - 1, values.max() + 1, 9)
        cases.append({"name": name, "rule": rule, "values": values.tolist(), "from": x[0], "to": x[-1], "bandwidth": float(density.covariance[0, 0] ** 0.5), "density": density(x).tolist()})
json.dump(
    {"about": f"scipy {scipy.__version__}, numpy {numpy.__version__}, Python {platform.python_version()}", "cases": cases},
    open("test/golden/density.json", "w"),
)
