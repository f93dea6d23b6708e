"""The address that a person types: a server's, with the name of one of its databases at the end."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations import errors

# Slashes are escaped since browsers want them to be.
SHAPE = r"\s*https?:\/\/[^\/?#\s]+(\/[^\/?#\s]+)+\/?\s*"
NO_DATABASE = gettext_lazy(
    "The database's name is missing at the end of the address. It should look like https://erp.example.com/acme, where acme is "
    "the database that you choose when you sign in to Tryton."
)


def check(address: str) -> None:
    """AddressRefused, with what is missing, before anything is asked of the server."""
    if not urlsplit(address).path.strip("/"):
        raise errors.AddressRefused(str(NO_DATABASE))


def not_found(address: str) -> str:
    """What to say where the server knows no such database."""
    server, _slash, database = address.rpartition("/")
    return _(
        "There is no Tryton database “%(database)s” at %(server)s. The address should look like "
        "https://erp.example.com/acme: the server, and the database that you choose when you sign in to Tryton."
    ) % {"database": database, "server": server}
