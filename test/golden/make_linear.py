"""Makes test/golden/linear.json: linear models on features of any scale, and the minimum of scikit-learn's objective.

.venvs/bench/bin/python test/golden/make_linear.py

The reference is scikit-learn (newton-cholesky, tol 1e-10) on the centred features, which has the same minimum, since intercepts are not
penalised. Where scikit-learn itself gives up on the scale of the features (it warns, or its objective is higher), the reference is Newton's
method on the same objective in standardised variables, in extended precision; it is run on every case, and must agree with scikit-learn where
that converged. `sklearn` says which happened; `sklearn_default` is what LogisticRegression() gives out of the box.
"""
import json
import pathlib
import platform
import warnings

import numpy as np
import scipy
import sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20261126)
L = np.longdouble


def objective(X, Y, c, W, b):
    """Mean loss and penalty, per row, of softmax (k columns of W) or logistic (one); as LogisticRegression's, divided by n."""
    X, W, b = X.astype(L), W.astype(L), b.astype(L)
    Z = X @ W.T + b
    if W.shape[0] == 1:
        margin = np.where(Y == 1, Z[:, 0], -Z[:, 0])
        loss = np.logaddexp(L(0), -margin).mean()
    else:
        top = Z.max(axis=1, keepdims=True)
        loss = (top[:, 0] + np.log(np.exp(Z - top).sum(axis=1)) - Z[np.arange(len(Y)), Y]).mean()
    return float(loss + (W**2).sum() / (2 * c * len(Y)))


def solve(H, g):
    """One step of Newton in double precision is enough: its error is corrected by the next."""
    H = H.astype(float)
    d = 1 / np.sqrt(np.diag(H))
    return d * np.linalg.lstsq(H * d[:, None] * d, d * g.astype(float), rcond=1e-14)[0]


def newton(X, Y, k, c):
    n, p = X.shape
    m = X.astype(L).mean(axis=0)
    s = X.astype(L).std(axis=0)
    s = np.where(s == 0, L(1), s)
    Z = np.hstack([(X.astype(L) - m) / s, np.ones((n, 1), L)])
    outputs = 1 if k == 2 else k
    penalty = np.append(1 / (c * n * s**2), L(0))
    U = np.zeros((outputs, p + 1), L)
    hot = (Y[:, None] == (np.array([1]) if outputs == 1 else np.arange(k))[None, :]).astype(L)

    def value(U):
        return objective(Z, Y, np.inf, U, np.zeros(outputs)) + float((penalty * U**2).sum() / 2)

    for _ in range(200):
        S = Z @ U.T
        P = 1 / (1 + np.exp(-S)) if outputs == 1 else np.exp(S - S.max(axis=1, keepdims=True))
        P = P if outputs == 1 else P / P.sum(axis=1, keepdims=True)
        G = (P - hot).T @ Z / n + penalty * U
        H = np.zeros((outputs, p + 1, outputs, p + 1), L)
        for a in range(outputs):
            for b in range(outputs):
                weight = P[:, a] * ((1 if a == b else 0) - P[:, b])
                H[a, :, b, :] = (Z * weight[:, None]).T @ Z / n
            H[a, :, a, :] += np.diag(penalty)
        step = solve(H.reshape(outputs * (p + 1), -1), G.ravel()).reshape(outputs, p + 1).astype(L)
        length, now = 1.0, value(U)
        while value(U - length * step) > now + 1e-16 and length > 1e-8:
            length /= 2
        U = U - length * step
        if np.abs(G).max() < 1e-17:
            break
    W = U[:, :p] / s
    return W, U[:, p] - W @ m, float(np.abs(G).max())


def probabilities(X, W, b):
    Z = X.astype(L) @ W.T + b
    if W.shape[0] == 1:
        one = 1 / (1 + np.exp(-Z[:, 0]))
        return np.stack([1 - one, one], axis=1)
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return P / P.sum(axis=1, keepdims=True)


def logistic(name, X, Y, c=1.0):
    X = np.asarray(X, float)
    k = int(Y.max()) + 1
    W, b, gradient = newton(X, Y, k, c)
    assert gradient < 1e-14, (name, gradient)
    P = probabilities(X, W, b)
    best = objective(X, Y, c, W, b)
    mean = X.mean(axis=0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-10, max_iter=10000).fit(X - mean, Y)
    theirs = objective(X - mean, Y, c, model.coef_, model.intercept_)
    difference = float(np.abs(model.predict_proba(X - mean) - P).max())
    agrees = not said and difference < 1e-7
    assert agrees or theirs >= best - 1e-15, (name, theirs, best)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        default = LogisticRegression(C=c).fit(X, Y)
    rows = list(range(0, len(X), max(1, len(X) // 12)))
    print(f"{name}: objective {best:.12g}, newton-cholesky on centred features {'agrees' if agrees else 'gives up'}: {theirs:.12g}, off by {difference:.2g}")
    return {
        "name": name, "c": c, "x": X.T.tolist(), "y": Y.tolist(), "rows": rows,
        "probabilities": P[rows].astype(float).ravel().tolist(),
        "coefficients": W.astype(float).ravel().tolist(),
        "objective": best,
        "sklearn": "agrees" if agrees else "gives up",
        "sklearn_default": default.predict_proba(X[rows]).ravel().tolist(),
    }


def linear(name, X, y, alpha=0.0):
    X = np.asarray(X, float)
    model = (Ridge(alpha=alpha, solver="svd") if alpha else LinearRegression()).fit(X, y)
    rows = list(range(0, len(X), max(1, len(X) // 12)))
    scale = X.std(axis=0)
    if not alpha and scale.min() > 0 and np.linalg.matrix_rank((X - X.mean(axis=0)) / scale) == X.shape[1]:
        # Where the columns determine the coefficients, LAPACK on standardised columns: LinearRegression cuts off singular values below 1e-6 of the
        # largest, which drops a column that is merely small.
        exact = np.linalg.lstsq((X - X.mean(axis=0)) / scale, y - y.mean(), rcond=None)[0] / scale
        off = np.abs(model.coef_ - exact).max() / np.abs(exact).max()
        print(f"{name}: LinearRegression is off by {off:.2g}")
        model.coef_, model.intercept_ = exact, y.mean() - X.mean(axis=0) @ exact
    return {
        "name": name, "alpha": alpha, "x": X.T.tolist(), "y": y.tolist(), "rows": rows,
        "coefficients": model.coef_.tolist(), "intercept": float(model.intercept_), "predictions": model.predict(X[rows]).tolist(),
    }


def labels(score, noise=1.0):
    return (score + noise * rng.logistic(size=len(score)) > 0).astype(int)


i = np.arange(200)
ramp = (((i * 7919) % 200) / 200 < 1 / (1 + np.exp(-(i - 100) / 15))).astype(int)
n = 150
A = np.round(rng.standard_normal((n, 4)), 3)
y = labels(A @ [1.0, -2.0, 0.5, 0.0])
three = np.digitize(A @ [1.5, -1.0, 0.0, 0.7] + rng.logistic(size=n) * 0.5, [-0.8, 0.8])
twin = np.hstack([A[:, :2], A[:, :1] + 1e-4 * np.round(rng.standard_normal((n, 1)), 3)])
apart = (A[:, 0] + A[:, 1] > 0).astype(int)
mixed = np.array([1e-6, 1e-2, 1e4, 1e9])

logistics = [
    logistic("as it is", i[:, None] * 1.0, ramp),
    logistic("times 1e6", i[:, None] * 1e6, ramp),
    logistic("plus 1e5", i[:, None] + 1e5, ramp),
    logistic("plus 1e7", i[:, None] + 1e7, ramp),
    logistic("epoch milliseconds", 1.7e12 + i[:, None] * 86_400_000.0, ramp),
    logistic("times 1e-6: the penalty wins", A * 1e-6, y),
    logistic("times 1e-6, weak penalty", A * 1e-6, y, 1e12),
    logistic("scales 1e-6 to 1e9", A * mixed, y),
    logistic("scales 1e-6 to 1e9, moved", A * mixed + np.array([1e-5, 7, 1e7, 0]), y),
    logistic("nearly equal columns", twin, y),
    logistic("nearly equal columns, weak penalty", twin, y, 1e6),
    logistic("equal and constant columns", np.hstack([A[:, :1], A[:, :1], np.full((n, 1), 7.0)]), y),
    logistic("separable", A[:, :2], apart),
    logistic("separable, C = 1e4", A[:, :2], apart, 1e4),
    logistic("three classes", A, three),
    logistic("three classes, scales 1e-6 to 1e9, moved", A * mixed + np.array([1e-5, 7, 1e7, 0]), three),
    logistic("three classes, strong penalty", A * 100 + 1e5, three, 1e-3),
]
z = A @ [1.0, -2.0, 0.5, 3.0] + 10 + np.round(rng.standard_normal(n), 3)
linears = [
    linear("as it is", A, z),
    linear("plus 1e7", A + 1e7, z),
    linear("scales 1e-3 to 1e6", A * [1e-3, 1, 1e3, 1e6], z),
    linear("target times 1e9", A, z * 1e9 + 1e12),
    linear("nearly equal columns", twin, z),
    linear("equal columns", np.hstack([A, A[:, :2]]), z),
    linear("columns that add up, of different scale", np.hstack([A, A[:, :1] + 10 * A[:, 1:2], np.full((n, 1), 3.0)]), z),
    linear("more columns than rows", A[:3], z[:3]),
    linear("all categories of one column", np.eye(3)[rng.integers(0, 3, n)], z),
    linear("ridge", A * [1, 1, 100, 1] + 1e4, z, 2.5),
    linear("ridge, equal columns", np.hstack([A, A[:, :2]]), z, 1e-3),
]
versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
text = json.dumps({"versions": versions, "logistic": logistics, "linear": linears}, allow_nan=False)
(here / "linear.json").write_text(text + "\n")
