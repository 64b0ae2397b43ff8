"""Runs suites, given as the JSON of Great Expectations, on tables: python run_suites.py wanted.json > answers.json

Also reads our results with the classes of Great Expectations and renders them, and writes the suites back as JSON.
"""

import json
import sys

import great_expectations as gx
import pandas
from great_expectations.core.expectation_validation_result import expectationSuiteValidationResultSchema
from great_expectations.render.renderer import ValidationResultsPageRenderer
from judge import plain, series


def without_traceback(result):
    info = result["exception_info"]
    messages = [item for item in [info, *info.values()] if isinstance(item, dict) and item.get("raised_exception")]
    return {
        "type": result["expectation_config"]["type"],
        "place": result["expectation_config"]["meta"]["place"],
        "success": result["success"],
        "result": plain(result["result"]),
        "error": messages[0]["exception_message"][:300] if messages else None,
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        wanted = json.load(file)
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_pandas("p")
    answers = []
    for number, run in enumerate(wanted):
        frame = pandas.DataFrame({column["name"]: series(column) for column in run["table"]})
        asset = source.add_dataframe_asset(f"t{number}")
        batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": frame})
        suite = context.suites.add(gx.ExpectationSuite(**run["suite"]))
        result = batch.validate(suite, result_format="COMPLETE")
        ours = expectationSuiteValidationResultSchema.load(run["result"])
        page = ValidationResultsPageRenderer().render(ours)
        answers.append(
            {
                "results": [plain(without_traceback(item.to_json_dict())) for item in result.results],
                "whole": plain(result.to_json_dict()) if run.get("whole") else None,
                "suite": suite.to_json_dict(),
                "ours": {"success": ours.success, "statistics": ours.statistics, "count": len(ours.results)},
                "sections": len(page.sections),
                "severity": plain(ours.get_max_severity_failure()),
            }
        )
    json.dump({"version": gx.__version__, "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
