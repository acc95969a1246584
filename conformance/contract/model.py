"""
A contract as frozen values: what the YAML says, with every table turned into clauses.

Bodies, expectations and schemas stay plain data (mappings, lists, words), because they are data: the generator fills
them in, and the judge looks them up. Everything else has a class of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.verdict import Level

__all__ = [
    "CaseTemplate",
    "Clause",
    "Contract",
    "ErrorCode",
    "Fact",
    "Operation",
    "Promise",
    "Source",
    "StepTemplate",
    "Trigger",
    "Zone",
]

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where a promise stands: a document of the contract, its section, and the address of the page.
    """

    doc: str
    section: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Promise:
    """
    One statement of the documents, in our own words; *excluded* holds the reason where nobody can establish it.
    """

    id: str
    says: str
    source: Source
    excluded: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One route: how it is asked, what its success looks like, and where in its answer things stand (JSON Pointers). A
    success of *lines* is a JSON document a line, judged as ``{"lines": [...]}``. *or_path* is where it may be served
    as well, because its documents do not agree.
    """

    name: str
    method: str
    path: str
    body: Data | None
    request_schema: str | None
    success_status: tuple[int, ...]
    success_envelope: str
    vector_rows: str | None
    vector_value: str | None
    idempotency_key: str | None
    charge: str | None
    lines: bool = False
    vector_index: str | None = None
    or_path: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """
    One row of the error table.
    """

    code: str
    status: tuple[int, ...]
    type: str
    stage: str
    source: Source
    unprovoked: str | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """
    What a request body has to do to be refused (*when*, a JSON Schema), and the answer it then gets (*refusal*).
    """

    id: str
    operations: tuple[str, ...]
    when: Data
    refusal: Data
    clause: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """
    Requests about which the documents are silent or contradict each other (*when*, a JSON Schema over the body). With
    *lacking*, they are so only for a target that does not give that fact; with *features*, only for one whose features
    are those.
    """

    id: str
    says: str
    when: Data
    operations: tuple[str, ...]
    lacking: str | None = None
    features: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """
    Something read from the target before the first case, such as the model under test.

    Of the rows at *rows* one is taken that matches *where* (one that matches *prefer* first), or *otherwise* when no
    row does; *collect* takes them all.
    """

    name: str
    operation: str
    rows: str
    where: Data
    prefer: Data | None
    otherwise: Data | None
    take: Mapping[str, str]
    collect: bool
    target_field: str | None
    says: str
    supply: str


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """
    One step of a case: a request to send (*send*), the clock to advance (*clock*, seconds), or a pause (*wait*,
    seconds), and what is expected of the answer. *also* are further clauses judged on the same answer. *times* sends it
    so often; *together* sends those at the same moment, and *of_all* speaks of them as a whole. A step that is *given*
    prepares the case: when its answer is not as expected, the case is not established, and its clause not broken. One
    with *until* is sent again until its answer is so, for *within* seconds at most; only where it is *due* by then is
    it held against the target that it takes longer.
    """

    name: str
    send: Data | None
    expect: Data
    also: tuple[tuple[str, Data], ...] = ()
    times: int = 1
    together: bool = False
    of_all: Data | None = None
    clock: float | None = None
    wait: float = 0.0
    settle: bool = False
    given: bool = False
    until: Data | None = None
    within: float = 0.0
    due: bool = False


@dataclass(frozen=True, slots=True)
class CaseTemplate:
    """
    One case of a clause, before its variables are filled in.

    *twin* is the nearest valid request. *distinguishes* lets a twin count that is refused for another reason, where
    what keeps it from being accepted is not the target's fault. *optional* drops the case, instead of reporting it,
    when the request turns out to break something else as well.
    """

    name: str
    steps: tuple[StepTemplate, ...]
    operation: str
    needs: tuple[str, ...] = ()
    bind: tuple[tuple[str, Any], ...] = ()
    twin: Data | None = None
    twin_bind: tuple[tuple[str, Any], ...] = ()
    distinguishes: bool = False
    trigger: str | None = None
    or_refused: tuple[str, ...] = ()
    optional: bool = False
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Clause:
    """
    One promise in testable form.

    It is an invariant (*on* says which exchanges it judges, *expect* what it asks of them), or it has *cases* of its
    own, or it is a *window* (a batch of refusals between two readings of a witness), a *crowd*, a *machine* (drawn
    sequences judged against a model), a *burst*, a *race* or a *hangup*. A clause may be judged on another clause's
    cases only. The cases of a clause that is *alone* run while nothing else is in flight, those of one that comes
    *last* after all others, because a target may not outlive them. *accepts* says that being served at all is part of
    the promise; otherwise a step whose request is not served by itself either leaves the case open.
    """

    id: str
    level: Level
    says: str
    source: Source
    promises: tuple[str, ...]
    note: str
    file: str
    line: int
    needs: tuple[str, ...] = ()
    unless: str | None = None
    on: Data | None = None
    expect: Data = field(default_factory=dict)
    cases: tuple[CaseTemplate, ...] = ()
    window: tuple[CaseTemplate, ...] = ()
    crowd: Data | None = None
    machine: Data | None = None
    burst: Data | None = None
    race: Data | None = None
    hangup: Data | None = None
    drawn: str | None = None
    alone: bool = False
    accepts: bool = False
    last: bool = False
    contested: Data | None = None

    @property
    def area(self) -> str:
        """
        The first word of the id, by which reports group.
        """
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Contract:
    """
    Everything that one API promises, with the digest (SHA-256, hex) of the files it was read from.

    *variables* stand in paths and are filled in by a target; *features* are what servers of this shape may leave out,
    *operator* groups of values that only an operator can name (slugs, models), *tolerances* how near vectors have to
    be to count as the same, *clients* the libraries that calls can be made with.
    """

    name: str
    title: str
    revision: str
    digest: str
    documents: Mapping[str, Source]
    authentication: Data
    headers: Mapping[str, str]
    operations: Mapping[str, Operation]
    refusal: Data
    transient: Data
    types: Mapping[str, tuple[int, ...]]
    errors: Mapping[str, ErrorCode]
    triggers: tuple[Trigger, ...]
    zones: tuple[Zone, ...]
    facts: tuple[Fact, ...]
    parts: Data
    media: Data
    controls: Data
    witnesses: Data
    draw: Data
    envelopes: Data
    requests: Data
    clauses: tuple[Clause, ...]
    promises: Mapping[str, Promise]
    unjudged: tuple[Data, ...]
    variables: Data = field(default_factory=dict)
    features: Data = field(default_factory=dict)
    operator: Data = field(default_factory=dict)
    limits: Data = field(default_factory=dict)
    tolerances: Data = field(default_factory=dict)
    clients: Data = field(default_factory=dict)
    extends: str = ""

    def clause(self, clause_id: str) -> Clause:
        """
        Return the clause of that id; raises KeyError when there is none.
        """
        for clause in self.clauses:
            if clause.id == clause_id:
                return clause
        raise KeyError(clause_id)

    @property
    def default_operation(self) -> str:
        """
        The operation that a request means when it names none: the first one.
        """
        return next(iter(self.operations))
