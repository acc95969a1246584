"""
Every fault of a contract, in the order of its files and lines.
"""

from __future__ import annotations

from conformance.contract.loader import contract_folder, read_documents, whole_contract
from conformance.engine.lint.facts import stand_ins
from conformance.engine.lint.gaps import head_faults, incomplete
from conformance.engine.lint.names import dangling
from conformance.engine.lint.requests import Requests
from conformance.engine.lint.schemas import unsound_schemas
from conformance.engine.lint.usage import clause_uses, table_uses
from conformance.engine.lint.use import Place
from conformance.errors import Fault, UsageError

__all__ = ["lint_contract"]


def lint_contract(name_or_path: str) -> list[Fault]:
    """
    Return every fault of a contract, given by its name or by the path of its folder: those of the grammar,
    or, when that holds, those of the meaning. Whatever the files hold, nothing is raised.
    """
    try:
        tables, files, digest = read_documents(contract_folder(name_or_path))
        contract = whole_contract(tables, files, digest)
        documents = {document.name: document for document in (*tables.values(), *files)}
        extends, others = tables["contract"].value.get("extends"), []
        if extends is not None:
            base_tables, base_files, _ = read_documents(contract_folder(extends["contract"]))
            documents |= {document.name: document for document in (*base_tables.values(), *base_files)}
            # What the other contract asks of the facts says of what kind they are.
            others = [*table_uses(base_tables), *(use for document in base_files for use in clause_uses(document))]
    except UsageError as problem:
        return list(problem.faults)
    broken = list(head_faults(contract, tables["contract"]))
    if broken:
        return broken
    uses = [*table_uses(tables), *(use for document in files for use in clause_uses(document))]
    found: list[tuple[tuple[str, Place] | None, Fault]] = []
    for use, fault in dangling(contract, uses):
        found.append((use.row, fault))
    facts = stand_ins(contract, [*uses, *others])
    for use, fault in unsound_schemas(contract, uses, facts, {row for row, _ in found}):
        found.append((use.row, fault))
    bad = {row for row, _ in found if row is not None}
    found.extend((None, fault) for fault in incomplete(contract, uses, tables, files))
    # What is wrong in contract.yaml would be wrong again in every request that is made with it.
    if not any(name == tables["contract"].name for name, _ in bad):
        requests = Requests(contract, facts, documents, bad)
        found.extend((None, fault) for fault in requests.faults(tables["contract"], files))
    return sorted(dict.fromkeys(fault for _, fault in found), key=_order)


def _order(fault: Fault) -> tuple[str, int]:
    name, _, line = fault.where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (fault.where, 0)
