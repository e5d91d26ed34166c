"""Where a PostgreSQL is, read from its URL: `postgresql://user:password@host:5432/database?sslmode=verify-full`.

Everything that libpq takes stands after the question mark; several hosts are separated by commas. No message and no
log has the password.
"""

from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from madseg.core.errors import InvalidInput

WANTED = "postgresql://user:password@host:5432/database"

CONNECTION = {
    "connect_timeout": "5",
    "client_encoding": "utf8",
    # A peer that vanished without a word is noticed within half a minute.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
"""What isn't in the URL; seconds, and milliseconds for the last."""


@dataclass(frozen=True)
class Address:
    """`parameters` are libpq's, the password among them; `where` names the database without it."""

    parameters: dict[str, str]
    where: str


def parse(url: str, service: str) -> Address:
    """The address of a URL. `service` is what the server shows the connections as.

    Raises:
        InvalidInput: it isn't one of PostgreSQL's.
    """
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError:
        # Neither its text nor the error's: both may have the password.
        raise InvalidInput(f"the URL of the database can't be read: it must be {WANTED}") from None
    if "@" in given.get("host", ""):
        raise InvalidInput("the URL of the database has two @: write an @ of the password as %40, a / as %2F")
    place = f"{given.get('host', 'localhost')}:{given.get('port', '5432')}/{given.get('dbname', given.get('user', ''))}"
    return Address({**CONNECTION, "application_name": f"madseg {service}", **given}, f"postgresql://{place}")
