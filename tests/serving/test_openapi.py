import base64

from served import Server, assorted


def test_every_route_is_described_with_its_refusals(server: Server) -> None:
    api = server.get("/openapi.json").json
    page = server.get("/docs").body.decode()
    for path in ("/predict", "/explain", "/model", "/drift", "/metrics", "/v2/models/{name}/infer"):
        assert path in api["paths"]
        assert path in page
    refusals = api["paths"]["/predict"]["post"]["responses"]
    assert {"200", "400", "404", "413", "415", "422", "429"} <= set(refusals)
    assert "application/problem+json" in refusals["422"]["content"]
    kinds = api["paths"]["/predict"]["post"]["requestBody"]["content"]
    as_it_is = {"image/*", "application/octet-stream"}
    assert {"multipart/form-data", "application/json", *as_it_is} == set(kinds)
    (example,) = api["components"]["schemas"]["PredictionsSchema"]["examples"]
    real = server.post("/predict", assorted()["0.png"]).json
    assert example["predictions"][0].keys() == real["predictions"][0].keys()
    assert "curl" in page


def test_what_may_be_sent_is_described_as_it_is_taken(server: Server) -> None:
    api = server.get("/openapi.json").json["paths"]
    text = base64.b64encode(assorted()["0.png"]).decode()
    for path, settings in (("/predict", {"model"}), ("/explain", {"model", "class"})):
        kinds = api[path]["post"]["requestBody"]["content"]
        in_form, in_json = (
            kinds[kind]["schema"]["properties"].keys()
            for kind in ("multipart/form-data", "application/json")
        )
        assert in_form - {"file", "files"} == in_json - {"image", "images"} == settings
        example = kinds["application/json"]["example"]
        assert set(example) <= set(in_json)
        values = {"image": text, "images": [text], "model": "colours", "class": "red"}
        assert server.post_json(path, {name: values[name] for name in example}).status == 200
    (header,) = [
        one for one in api["/v2/models/{name}/infer"]["post"]["parameters"] if one["in"] == "header"
    ]
    assert header["name"] == "Inference-Header-Content-Length"
