"""`madseg migrate`: the tables of a server's database, brought up to date before the services that need them start."""

import logging

from madseg.cli.arguments import Json
from madseg.cli.output import emit, show


def migrate(json: Json = False) -> None:
    """Bring the tables in the PostgreSQL database that MADSEG_DATABASE names up to date.

    Services of the release before may go on meanwhile. An embedded database is brought up to date by `madseg up`.
    """
    from madseg import up
    from madseg.adapters.databases import open_database
    from madseg.finetune.migrations import TABLES as FINETUNE
    from madseg.gateway.__main__ import Config
    from madseg.gateway.migrations import TABLES as GATEWAY
    from madseg.labelling.migrations import TABLES as LABELLING
    from madseg.rounds.migrations import TABLES as ROUNDS
    from madseg.runtime import configure_logging
    from madseg.selector.migrations import TABLES as SELECTOR
    from madseg.settings import load

    configure_logging(json=False, level=logging.WARNING)
    settings = load(Config, known=(up.Config, *up.SERVICES))
    embedded, made = settings.database.startswith("sqlite:"), {}
    for tables in () if embedded else (GATEWAY, SELECTOR, LABELLING, FINETUNE, ROUNDS):
        database = open_database(settings.database, tables.service, settings.prefix)
        database.prepare(tables, upgrade=True)
        database.close()
        made[tables.service] = tables.head
    if json:
        emit(made)
    elif made:
        show("\n".join(f"{service}: up to date, revision {head}" for service, head in made.items()))
    else:
        show("embedded databases are brought up to date by the services when they start: nothing to do")
