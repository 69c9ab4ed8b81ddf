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
    assert {"multipart/form-data", "image/*", "application/octet-stream"} == set(kinds)
    (example,) = api["components"]["schemas"]["PredictionsSchema"]["examples"]
    real = server.post("/predict", assorted()["0.png"]).json
    assert example["predictions"][0].keys() == real["predictions"][0].keys()
    assert "curl" in page
