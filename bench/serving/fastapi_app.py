"""The peer: FastAPI with a typed body and onnxruntime, called in the event loop (a thread per request is slower). MODEL names the ONNX file."""
import os

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
app = FastAPI()


class Row(BaseModel):
    a: float
    b: float
    c: float
    d: float
    e: float
    f: float


class Body(BaseModel):
    rows: list[Row]


@app.post("/predict")
async def predict(body: Body):
    features = np.array([[r.a, r.b, r.c, r.d, r.e, r.f] for r in body.rows], dtype=np.float32)
    label, probabilities = session.run(None, {"features": features})
    return {
        "predictions": [
            {"prediction": int(y), "probabilities": {"0": float(p[0]), "1": float(p[1]), "2": float(p[2])}}
            for y, p in zip(label, probabilities)
        ]
    }
