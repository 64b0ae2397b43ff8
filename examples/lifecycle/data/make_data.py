"""Makes bikeshare-2011.csv from the Bikeshare table of the PyPI package `islp`.

    pip download --no-deps islp==0.6.0
    python3 make_data.py islp-0.6.0-py3-none-any.whl

Every column and value is kept as it is; one column is added in front: `timestamp`, made of the day of the year and the hour.
Only the standard library is needed. The same wheel gives the same bytes.
"""

import csv
import datetime
import hashlib
import io
import pathlib
import sys
import zipfile

SOURCE = "ISLP/data/Bikeshare.csv"
TARGET = pathlib.Path(__file__).with_name("bikeshare-2011.csv")


def main(wheel: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(SOURCE).decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    out = io.StringIO()
    writer = csv.DictWriter(out, ["timestamp", *rows[0]], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        when = datetime.datetime(2011, 1, 1) + datetime.timedelta(days=int(row["day"]) - 1, hours=int(row["hr"]))
        if when.strftime("%b") not in (row["mnth"], row["mnth"][:3]):
            raise SystemExit(f"day {row['day']} does not lie in {row['mnth']}")
        writer.writerow({"timestamp": when.strftime("%Y-%m-%dT%H:%M:%S"), **row})
    data = out.getvalue().encode("utf-8")
    TARGET.write_bytes(data)
    print(f"{TARGET.name}: {len(rows)} rows, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: make_data.py <islp wheel>")
    main(sys.argv[1])
