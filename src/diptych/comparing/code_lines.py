"""How much of Diptych's code is for one engine alone."""

import ast
import importlib.util
from pathlib import Path


def code_lines(engine: str) -> int:
    """Lines of Diptych's code that are for one engine alone, without comments and docstrings."""
    module = importlib.util.find_spec(f"diptych.engines.{engine}")
    assert module is not None and module.origin is not None
    origin = Path(module.origin)
    files = origin.parent.glob("*.py") if origin.name == "__init__.py" else [origin]
    return sum(_code_lines(file.read_text(encoding="utf-8")) for file in files)


def _code_lines(source: str) -> int:
    """Lines with code on them, by the syntax tree; what a docstring covers is not code."""
    tree = ast.parse(source)
    docstrings: set[int] = set()
    used: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            docstrings |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        if isinstance(node, (ast.stmt, ast.expr)):
            used |= {node.lineno, node.end_lineno or node.lineno}
    return len(used - docstrings)
