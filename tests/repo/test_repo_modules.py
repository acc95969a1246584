"""
What every module of the package has to be like.
"""

import ast
import importlib
import inspect
from typing import get_origin

import pytest

from tests.repo.tracked import modules

MOST_LINES = 400
PATHS = sorted(modules())
# A package's __init__ or a __main__ that defines and imports nothing exports nothing.
PUBLIC = [
    path
    for path in PATHS
    if not path.endswith("__main__.py")
    and not any(part.startswith("_") for part in path.removesuffix("/__init__.py").split("/"))
    and any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ImportFrom))
        for node in ast.parse(modules()[path]).body
    )
]


def imported(path: str):
    return importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def exported(path: str) -> list[str]:
    for node in ast.parse(modules()[path]).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return []


@pytest.mark.parametrize("path", PATHS)
def test_a_module_can_be_read_at_one_sitting(path: str) -> None:
    """
    More than 400 lines hold more than one noun: give the second one a file of its own.
    """
    assert modules()[path].count("\n") <= MOST_LINES


@pytest.mark.parametrize("path", PATHS)
def test_a_module_says_in_its_first_lines_what_it_is(path: str) -> None:
    assert ast.get_docstring(ast.parse(modules()[path])), "write what the module is for, in a sentence"


@pytest.mark.parametrize("path", PUBLIC)
def test_a_module_lists_what_others_may_use(path: str) -> None:
    """
    List in __all__ what other modules use, and only what is there.
    """
    names = exported(path)
    assert names, "there is no __all__"
    module = imported(path)
    assert [name for name in names if not hasattr(module, name)] == []
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", PUBLIC)
def test_what_is_exported_is_described(path: str) -> None:
    """
    An exported function says what it returns and raises; an exported class says what it stands for.
    """
    module = imported(path)
    found = {name: getattr(module, name, None) for name in exported(path)}
    bare = [
        name
        for name, item in found.items()
        # On Python 3.10 an alias such as list[int] passes for a class.
        if get_origin(item) is None
        and (inspect.isfunction(item) or inspect.isclass(item))
        and not (vars(item).get("__doc__") if inspect.isclass(item) else item.__doc__)
    ]
    assert bare == []
