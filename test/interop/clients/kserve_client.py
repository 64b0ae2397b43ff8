"""What a user of KServe's InferenceRESTClient does, against our server: kserve_client.py <url>."""
import asyncio
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

url = sys.argv[1]
texts = np.array(["Dream", "Biscoe", "Dream"], dtype=np.object_)


def column(name, datatype, values, binary):
    tensor = InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return tensor


def penguins(binary):
    return [
        column("length", "FP64", np.array([31.0, 62.0, 40.0]), binary),
        column("depth", "FP32", np.array([15.5, 16.0, 17.0], dtype=np.float32), binary),
        column("island", "BYTES", texts, binary),
        column("tagged", "BOOL", np.array([True, False, True]), binary),
    ]


def texts_of(answer, name):
    return [text.decode() if isinstance(text, bytes) else text for text in answer.get_output_by_name(name).as_numpy().tolist()]


async def refused(answer, status, part):
    try:
        await answer
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == status and part in str(error), error
    else:
        raise SystemExit(f"a request that should get {status} was answered")


async def version_2(client):
    assert await client.is_server_live(url) and await client.is_server_ready(url)
    assert await client.is_model_ready(url, "penguins") and not await client.is_model_ready(url, "nobody")
    answers = []
    for binary_input in (True, False):
        for binary_output in (True, False):
            asked = [RequestedOutput(n, {"binary_data": binary_output}) for n in ("prediction", "probabilities")]
            for outputs, parameters in ((asked, None), (None, {"binary_data_output": binary_output})):
                request = InferRequest("penguins", penguins(binary_input), "r1", parameters=parameters, request_outputs=outputs)
                headers = {}
                answer = await client.infer(url, request, model_name="penguins", response_headers=headers)
                assert ("inference-header-content-length" in headers) == binary_output, headers
                assert answer.id == "r1" and answer.model_name == "penguins"
                species = texts_of(answer, "prediction")
                assert species[:2] == ["Adelie", "Gentoo"], species
                answers.append(answer.get_output_by_name("probabilities").as_numpy())
    assert all(a.shape == (3, 2) and np.array_equal(a, answers[0]) for a in answers)

    # Tensors as they are: 64-bit integers beyond 2**53, a NaN, texts beyond ASCII.
    big = np.array([[1, 2**53 + 1, -(2**62)]], dtype=np.int64)
    halves = np.array([[1.5, np.nan]], dtype=np.float32)
    inputs = [
        column("x", "INT64", big, True),
        column("h", "FP32", halves, True),
        column("text", "BYTES", np.array(["Zürich 日本"], dtype=np.object_), True),
    ]
    request = InferRequest("tensors", inputs, parameters={"binary_data_output": True})
    answer = await client.infer(url, request, model_name="tensors")
    assert (answer.get_output_by_name("sum").as_numpy() == big + 1).all()
    assert np.array_equal(answer.get_output_by_name("half").as_numpy(), halves / 2, equal_nan=True)
    assert texts_of(answer, "upper") == ["Zürich 日本"]

    for binary in (True, False):
        lacking = InferRequest("penguins", penguins(binary)[1:])
        await refused(client.infer(url, lacking, model_name="penguins"), 400, 'column "length": a value is required')
    await refused(client.infer(url, InferRequest("nobody", penguins(True)), model_name="nobody"), 404, "there is no model")
    return len(answers) + 1


async def version_1(client):
    assert await client.is_model_ready(url, "penguins")
    row = {"length": 62.0, "depth": 16.0, "island": "Biscoe", "tagged": False}
    assert await client.infer(url, {"instances": [row]}, model_name="penguins") == {"predictions": ["Gentoo"]}
    await refused(client.infer(url, {"instances": [{"depth": 16.0}]}, model_name="penguins"), 400, "length")


async def canary(client):
    """A canary is a model as any other: its answers name the arm, and a unit always gets the same."""
    units = np.array([f"user-{i}" for i in range(50)], dtype=np.object_)
    arms = []
    for binary in (True, False):
        inputs = [column("x", "FP64", np.arange(50.0), binary), column("user", "BYTES", units, binary)]
        answer = await client.infer(url, InferRequest("flights", inputs), model_name="flights")
        arms.append(texts_of(answer, "variant"))
    assert arms[0] == arms[1] and set(arms[0]) == {"stable", "candidate"}, arms


async def main():
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        count = await version_2(client)
        await canary(client)
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        await version_1(client)
    print(f"KServe's client: {count} inferences agree, as JSON and as bytes, and a canary answers it")


asyncio.run(main())
