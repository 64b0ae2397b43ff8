"""Python's side of bench/predict.ts: runs model.onnx of a folder on all rows once for each line of standard input, the number of threads (0: all)."""
import json
import pathlib
import sys
import time

import numpy
import onnxruntime

folder, rows, features = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
data = numpy.fromfile(folder / "rows.bin").reshape(features, rows, 1)
feeds = {f"x{f}": numpy.ascontiguousarray(data[f]) for f in range(features)}
sessions = {}
for line in sys.stdin:
    request = line.strip()
    if request == "version":
        print(onnxruntime.__version__, flush=True)
        continue
    if request not in sessions:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(request)
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        sessions[request] = session, {name: feeds[name] for name in (i.name for i in session.get_inputs())}
        sessions[request][0].run(None, sessions[request][1])
    session, given = sessions[request]
    wall, cpu = time.perf_counter(), time.process_time()
    session.run(None, given)
    print(json.dumps({"wall": (time.perf_counter() - wall) * 1000, "cpu": (time.process_time() - cpu) * 1000}), flush=True)
