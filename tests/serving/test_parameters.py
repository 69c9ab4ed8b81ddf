import pytest

from served import SMALL, Server


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("POST", "/predict?modle=others", "'modle'; did you mean 'model'?"),
        ("POST", "/predict?class=red", "'class'; it has: model"),
        ("POST", "/explain?klass=red", "'klass'; did you mean 'class'?"),
        ("GET", "/model?name=others", "'name'; it has: model"),
        ("GET", "/drift?modell=others", "'modell'; did you mean 'model'?"),
        ("POST", "/models/colours/reload?forced=1", "'forced'; did you mean 'force'?"),
    ],
)
def test_what_an_address_cannot_set_is_refused_by_its_name(
    server: Server, method: str, path: str, known: str
) -> None:
    answer = server.ask(method, path, SMALL if method == "POST" else None)
    assert (answer.status, answer.json["detail"]) == (400, f"no setting {known}")


def test_an_address_sets_nothing_twice(server: Server) -> None:
    twice = server.post("/predict?model=colours&model=others", SMALL)
    assert twice.status == 400
    assert twice.json["detail"] == "model is both 'colours' and 'others'; give it once"
    assert server.post("/predict?model=others&model=others", SMALL).json["model"] == "others"
    assert server.get("/healthz?now=7").status == 200  # as what keeps caches away


@pytest.mark.parametrize("query", ["model=others&model=", "model=&model=others"])
def test_an_empty_value_beside_another_is_another(server: Server, query: str) -> None:
    answer = server.post(f"/predict?{query}", SMALL)
    assert answer.status == 400
    assert "give it once" in answer.json["detail"]
