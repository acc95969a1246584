"""
Reads a contract from its folder under ``specs/``: every file, every fault of it at once, then the frozen model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from conformance.contract.derive import Derivation, bindings, derive_cap, derive_trigger
from conformance.contract.document import Document, read_document
from conformance.contract.extend import extended
from conformance.contract.grammar import check_document
from conformance.contract.model import (
    CaseTemplate,
    Clause,
    Contract,
    ErrorCode,
    Fact,
    Operation,
    Promise,
    Source,
    StepTemplate,
    Trigger,
    Zone,
)
from conformance.errors import Fault, UsageError, shorten
from conformance.verdict import Level

__all__ = ["contract_folder", "contract_names", "load_contract", "specs_folder"]

_FILES = ("contract", "errors", "envelopes", "triggers", "caps", "undocumented", "promises")
_OPTIONAL = frozenset({"triggers", "caps", "undocumented"})

Data = Mapping[str, Any]


@cache
def specs_folder() -> Path:
    """
    Return the folder of the contracts: inside the installed package, or beside it in a checkout.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "specs", package.parent / "specs"):
        if folder.is_dir():
            return folder
    raise UsageError(
        Fault(
            "the contracts are missing",
            where=str(package),
            expected="a folder specs/",
            move="install the package again",
        )
    )


def contract_names() -> tuple[str, ...]:
    """
    Return the names of the contracts that are shipped.
    """
    return tuple(sorted(path.parent.name for path in specs_folder().glob("*/contract.yaml")))


def contract_folder(name: str) -> Path:
    """
    Return the folder of a shipped contract, or of one given as a path.

    Raises:
        UsageError: when there is no such contract.
    """
    shipped = specs_folder() / name
    # A folder that happens to have a contract's name is not in its way; a path is always a path.
    own = "/" in name or (Path(name).is_dir() and not (shipped / "contract.yaml").is_file())
    folder = Path(name) if own else shipped
    if not (folder / "contract.yaml").is_file():
        known = ", ".join(contract_names())
        raise UsageError(
            Fault(
                f"there is no contract {shorten(name, limit=80)!r}",
                where=str(folder),
                expected=f"one of {known}, or a folder that holds contract.yaml",
            )
        )
    return folder


def read_documents(folder: Path) -> tuple[dict[str, Document], list[Document], str]:
    """
    Read all files of a contract; returns the tables by name, the clause files in order, and the digest (hex).

    Raises:
        UsageError: with every fault of every file.
    """
    faults: list[Fault] = []
    digest = hashlib.sha256()
    tables: dict[str, Document] = {}
    clauses: list[Document] = []
    paths = [folder / f"{name}.yaml" for name in _FILES] + sorted((folder / "clauses").glob("*.yaml"))
    for path in paths:
        shown = _shown(path)
        if not path.is_file():
            if path.stem not in _OPTIONAL:
                faults.append(Fault("a file of the contract is missing", where=shown, expected=f"{path.stem}.yaml"))
            continue
        try:
            document = read_document(path, name=shown)
        except UsageError as problem:
            faults.extend(problem.faults)
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
        kind = "clauses" if path.parent != folder else path.stem
        faults.extend(check_document(document, kind))
        if kind == "clauses":
            clauses.append(document)
        else:
            tables[kind] = document
    if faults:
        raise UsageError(faults)
    return tables, clauses, digest.hexdigest()


def _shown(path: Path) -> str:
    try:
        return path.resolve().relative_to(specs_folder().parent).as_posix()
    except ValueError:
        return str(path)


def load_contract(name: str) -> Contract:
    """
    Read a contract by its name, or by the path of its folder.

    Raises:
        UsageError: with every fault of the contract's files.
    """
    folder = contract_folder(name)
    return whole_contract(*read_documents(folder))


def whole_contract(tables: Mapping[str, Document], clause_files: list[Document], digest: str) -> Contract:
    """
    Turn well-formed documents into the frozen model, with what it keeps of the contract that it extends.

    Raises:
        UsageError: when what it extends is not there, or not as it says.
    """
    own = build_contract(tables, clause_files, digest)
    extends = tables["contract"].value.get("extends")
    if extends is None:
        return own
    head, name = tables["contract"], str(extends["contract"])
    folder = specs_folder() / name
    if name == own.name or not (folder / "contract.yaml").is_file():
        shown = ", ".join(other for other in contract_names() if other != own.name)
        raise UsageError(
            Fault(f"{own.name} can't extend {name}", head.where(("extends", "contract")), name, f"one of {shown}")
        )
    base_tables, base_files, base_digest = read_documents(folder)
    if "extends" in base_tables["contract"].value:
        move = "extend the contract that it extends"
        where = head.where(("extends", "contract"))
        raise UsageError(Fault(f"{name} itself extends another contract", where, name, "one that extends none", move))
    return extended(own, build_contract(base_tables, base_files, base_digest), extends, head)


def build_contract(tables: Mapping[str, Document], clause_files: list[Document], digest: str) -> Contract:
    """
    Turn well-formed documents into the frozen model, deriving the clauses of the tables; what it extends is left out.
    """
    head: Data = tables["contract"].value
    documents = {
        key: Source(key, "", row["title"], row.get("url") or head.get("site", "") + row.get("path", ""))
        for key, row in head["documents"].items()
    }

    def source(row: Data) -> Source:
        known = documents.get(row["doc"])
        title, url = (known.title, known.url) if known else (row["doc"], "")
        return Source(row["doc"], row.get("section", ""), title, url)

    operations = {key: _operation(key, row) for key, row in head["operations"].items()}
    default = next(iter(operations))
    triggers: list[Trigger] = []
    clauses: list[Clause] = []
    for document in clause_files:
        for index, row in enumerate(document.value["clauses"]):
            clauses.extend(_clauses(row, document, ("clauses", index), source, default))
    for kind, derive in (("triggers", derive_trigger), ("caps", derive_cap)):
        if kind in tables:
            document = tables[kind]
            derivation = Derivation(default, head.get("effects", {}), source, document.name)
            for index, row in enumerate(document.value[kind]):
                trigger, derived = derive(row, document.line((kind, index)), derivation)
                triggers.append(trigger)
                clauses.extend(derived)
    excluded = {row["promise"]: row["reason"] for row in tables["promises"].value.get("excluded", ())}
    promises = {
        key: Promise(key, row["says"], source(row), excluded.get(key))
        for key, row in tables["promises"].value["promises"].items()
    }
    return Contract(
        name=head["contract"],
        title=head["title"],
        revision=head["revision"],
        digest=digest,
        documents=documents,
        authentication=head["authentication"],
        headers=head.get("headers", {}),
        operations=operations,
        refusal=head["refusal"],
        transient=head.get("transient", {"statuses": [429, 503], "codes": []}),
        types={key: tuple(value) for key, value in tables["errors"].value.get("types", {}).items()},
        errors={row["code"]: _error(row, source) for row in tables["errors"].value["errors"]},
        triggers=tuple(triggers),
        zones=tuple(_zones(tables)),
        facts=tuple(_facts(head)),
        parts=head.get("parts", {}),
        media=head.get("media", {}),
        controls=head["controls"],
        witnesses=head.get("witnesses", {}),
        draw=head.get("draw", {}),
        envelopes=tables["envelopes"].value["envelopes"],
        requests=tables["envelopes"].value.get("requests", {}),
        clauses=tuple(clauses),
        promises=promises,
        unjudged=tuple(tables["promises"].value.get("unjudged", ())),
        variables=head.get("vars", {}),
        features=head.get("features", {}),
        operator=head.get("operator", {}),
        limits=head.get("limits", {}),
        tolerances=head.get("tolerances", {}),
        clients=head.get("clients", {}),
    )


def _operation(name: str, row: Data) -> Operation:
    vectors = row.get("vectors", {})
    return Operation(
        name=name,
        method=row["method"],
        path=row["path"],
        body=row.get("body"),
        request_schema=row.get("request"),
        success_status=tuple(row["success"]["status"]),
        success_envelope=row["success"]["envelope"],
        vector_rows=vectors.get("rows"),
        vector_value=vectors.get("value"),
        idempotency_key=row.get("idempotency_key"),
        charge=row.get("charge"),
        lines=row["success"].get("lines", False),
        vector_index=vectors.get("index"),
        or_path=row.get("or_path"),
    )


def _error(row: Data, source: Any) -> ErrorCode:
    return ErrorCode(
        row["code"], tuple(row["status"]), row["type"], row["stage"], source(row["source"]), row.get("unprovoked")
    )


def _zones(tables: Mapping[str, Document]) -> Iterator[Zone]:
    if "undocumented" in tables:
        for row in tables["undocumented"].value["zones"]:
            yield Zone(
                row["id"],
                row["says"],
                row["when"],
                tuple(row.get("operations", ())),
                row.get("lacking"),
                row.get("features", {}),
            )


def _facts(head: Data) -> Iterator[Fact]:
    for group in head.get("discover", ()):
        for name, row in group["facts"].items():
            yield Fact(
                name=name,
                operation=group["operation"],
                rows=group["rows"],
                where=row["where"],
                prefer=row.get("prefer"),
                otherwise=row.get("otherwise"),
                take=row["take"],
                collect=row.get("all", False),
                target_field=row.get("target"),
                says=row.get("says", ""),
                supply=row["supply"],
            )


def _clauses(row: Data, document: Document, path: tuple[str | int, ...], source: Any, default: str) -> Iterator[Clause]:
    line = document.line(path)
    # One clause speaks of all its operations: a row that names several has its cases once for each.
    operations = row.get("each_operation") or [None]
    cases = [
        case
        for operation in operations
        for case in _cases(row, operation, default, label=f".{operation}" if len(operations) > 1 else "")
    ]
    yield Clause(
        id=row["id"],
        level=Level(row["level"]),
        says=row["says"],
        source=source(row["source"]),
        promises=tuple(row.get("promises", ())),
        note=row.get("note", ""),
        file=document.name,
        line=line,
        needs=tuple(row.get("needs", ())),
        unless=row.get("unless"),
        on=row.get("on"),
        expect=row.get("expect", {}),
        cases=tuple(cases),
        crowd=row.get("crowd"),
        machine=row.get("machine"),
        burst=row.get("burst"),
        race=row.get("race"),
        hangup=row.get("hangup"),
        drawn=row.get("drawn"),
        alone=row.get("alone", False),
        accepts=row.get("accepts", False),
        last=row.get("last", False),
        contested=row.get("contested"),
    )


def _cases(row: Data, operation: str | None, default: str, *, label: str) -> Iterator[CaseTemplate]:
    for bound_label, bound in bindings(row.get("each")):
        for name, case in row.get("cases", {}).items():
            count = len(case["steps"])
            steps = tuple(_step(row, i, operation, last=i == count - 1) for i, row in enumerate(case["steps"]))
            first = next((step.send for step in steps if step.send is not None), {})
            twin = case.get("twin")
            yield CaseTemplate(
                name=f"{name}{bound_label}{label}",
                steps=steps,
                operation=first.get("operation", default),
                needs=tuple(case.get("needs", ())),
                bind=bound,
                twin=None if twin is None else _with_operation(twin["send"], operation),
                weight=case.get("weight", 1),
            )


def _with_operation(send: Data, operation: str | None) -> Data:
    return {**send, "operation": operation} if operation and "operation" not in send else send


def _step(row: Data, index: int, operation: str | None, *, last: bool) -> StepTemplate:
    send = row.get("send")
    # What later steps refer to by its name is there to be referred to, and what only has to be served on the way to
    # the end of a case is not what the case is about.
    passing = "name" in row or (not last and row.get("expect") == {"success": True})
    return StepTemplate(
        name=row.get("name", f"step{index + 1}"),
        send=None if send is None else _with_operation(send, operation),
        expect=row.get("expect", {}),
        times=row.get("times", 1),
        together=row.get("together", False),
        of_all=row.get("of_all"),
        clock=row.get("clock"),
        wait=row.get("wait", 0.0),
        settle=row.get("settle", False),
        until=row.get("until"),
        within=row.get("within", 0.0),
        due=row.get("due", False),
        given=row.get("given", passing and not row.get("together", False)),
    )
