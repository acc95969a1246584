"""
Opens the lanes that a run needs, before its first case.
"""

from __future__ import annotations

from conformance.engine.lane import Lane, LaneError
from conformance.engine.relay import Relay
from conformance.engine.session import Session
from conformance.generate.forms import MissingFact

__all__ = ["close_lanes", "open_lanes"]


async def open_lanes(session: Session, *, wanted: bool) -> None:
    """
    Start each client library that a selected clause needs; what can't be started is lacking, with what to supply.
    """
    needed = {need for tally in session.tallies.values() for need in tally.clause.needs}
    for name, row in session.contract.clients.items():
        need = f"client.{name}"
        if need not in needed:
            continue
        if not wanted or not session.alive:
            session.lacks[need] = "a target that serves a plain request" if wanted else f"clients: {row['supply']}"
            continue
        relay = Relay(lambda request: session.client.send(request, retry=False))
        try:
            prefix = session.shop.path(row["path"])
            await relay.start()
            lane = Lane(row, relay, prefix)
            session.lanes[name] = lane
            await lane.start()
            for tally in session.tallies.values():
                if need in tally.clause.needs:
                    tally.told.append(f"Called with {lane.version}; what is shown is what the client gave its user.")
        except (LaneError, MissingFact, OSError) as problem:
            session.lacks[need] = f"{row['supply']} ({problem})"


async def close_lanes(session: Session) -> None:
    """
    End every process and relay that was started.
    """
    for lane in session.lanes.values():
        await lane.close()
        await lane.relay.close()
