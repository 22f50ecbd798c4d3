"""`monitor watches leave` and `rejoin`: who gets the alerts of a watch."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.errors import not_found, refused
from monitor.cli.options import AsJson
from monitor.cli.output import emit, say
from monitor.cli.session import Session, completing, find
from monitor.core.model import Watch
from monitor.store import tickets, watches

SEE = "monitor watches list"

Slug = Annotated[str, typer.Argument(metavar="WATCH", help="Its slug.", autocompletion=completing(watches.every))]
Address = Annotated[str, typer.Argument(help="One of the recipients of its alerts.")]


def leave(ctx: typer.Context, slug: Slug, address: Address, as_json: AsJson = False) -> None:
    """Send a recipient no more alerts of a watch, whatever the file says."""
    session = Session.of(ctx)
    with session.writing() as tx:
        watch = _alerting(find(watches.every(tx), slug, sort="watch", see=SEE), address)
        tickets.leave_alerts(tx, watch.id, address, how="by hand", now=session.now())
    _report(address, slug, gets_them=False, as_json=as_json)


def rejoin(ctx: typer.Context, slug: Slug, address: Address, as_json: AsJson = False) -> None:
    """Send the alerts of a watch to a recipient again who had left them."""
    session = Session.of(ctx)
    with session.writing() as tx:
        watch = _alerting(find(watches.every(tx), slug, sort="watch", see=SEE), address)
        if not tickets.rejoin_alerts(tx, watch.id, address):
            raise refused(f"{address} never left the alerts of {slug}")
    _report(address, slug, gets_them=True, as_json=as_json)


def _alerting(watch: Watch, address: str) -> Watch:
    recipients = watch.alerts.recipients if watch.alerts else ()
    if not recipients:
        raise refused(f"{watch.slug} sends no alerts")
    if address not in recipients:
        raise not_found("recipient", address, recipients, see="monitor watches list --json")
    return watch


def _report(address: str, slug: str, *, gets_them: bool, as_json: bool) -> None:
    if as_json:
        emit({"watch": slug, "recipient": address, "gets_them": gets_them})
    elif gets_them:
        say(f"{address} gets the alerts of {slug}")
    else:
        say(f"{address} does not get the alerts of {slug} any more")
