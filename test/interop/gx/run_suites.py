"""Runs suites, given as the JSON of Great Expectations, on tables: python run_suites.py wanted.json > answers.json

Also reads our results with the classes of Great Expectations and renders them, and writes the suites back as JSON.
"""

import json
import pathlib
import sys
import tempfile

import great_expectations as gx
import pandas
from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.registry import get_expectation_impl
from great_expectations.render.renderer import ValidationResultsPageRenderer
from judge import plain, series, sqlite_batches


def without_traceback(item):
    info = item.exception_info
    messages = [each for each in [info, *info.values()] if isinstance(each, dict) and each.get("raised_exception")]
    return {
        "type": item.expectation_config.type,
        "place": item.expectation_config.meta["place"],
        "success": item.success,
        "result": item.result,
        "error": messages[0]["exception_message"][:300] if messages else None,
    }


def defaults_of(expectations):
    """The default values of the arguments, by the type of expectation."""
    found = {}
    for item in expectations:
        fields = get_expectation_impl(item["type"]).__fields__
        usual = {name: field.get_default() for name, field in fields.items() if not field.required}
        found[item["type"]] = {name: getattr(value, "value", value) for name, value in usual.items() if value is not None}
    return found


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        wanted = json.load(file)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frames = {
        f"t{number}": pandas.DataFrame({column["name"]: series(column) for column in run["table"]})
        for number, run in enumerate(wanted)
    }
    source = context.data_sources.add_pandas("p")
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for number, run in enumerate(wanted):
            name, frame = f"t{number}", frames[f"t{number}"]
            if run["engine"] == "sqlite":
                (home := pathlib.Path(folder, name)).mkdir()
                batch = sqlite_batches(context, {"self": frame}, home, name)["self"]
            else:
                asset = source.add_dataframe_asset(name)
                batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
            suite = context.suites.add(gx.ExpectationSuite(**run["suite"]))
            result = batch.validate(suite, result_format="COMPLETE")
            ours = expectationSuiteValidationResultSchema.load(run["result"])
            page = ValidationResultsPageRenderer().render(ours)
            answers.append(
                {
                    "results": [plain(without_traceback(item)) for item in result.results],
                    "whole": plain(result.to_json_dict()),
                    "suite": suite.to_json_dict(),
                    "ours": {"success": ours.success, "statistics": ours.statistics, "count": len(ours.results)},
                    "sections": len(page.sections),
                    "severity": plain(ours.get_max_severity_failure()),
                }
            )
    defaults = defaults_of(item for run in wanted for item in run["suite"]["expectations"])
    json.dump({"version": gx.__version__, "defaults": plain(defaults), "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
