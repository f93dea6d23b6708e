"""Run by a Python that has Microsoft's client: ``dataverse_client.py certificates FOLDER`` makes a certificate for 127.0.0.1;
``dataverse_client.py talk ADDRESS TOKEN`` works with a Dataverse at that address and prints what it saw as one line of JSON.

Only the client's own interface is used. It takes https addresses only, and asks for the picklists of a table before it writes.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any


def certificates(folder: str) -> None:
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(Path(folder) / "ca.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(Path(folder) / "server.pem"))


class Token:
    """A credential of azure.core's shape, with a token that is known beforehand."""

    def __init__(self, token: str) -> None:
        self.token, self.scopes = token, []

    def get_token(self, *scopes: str, **more: Any) -> Any:
        from azure.core.credentials import AccessToken

        self.scopes = list(scopes)
        return AccessToken(self.token, int(time.time()) + 3600)


def talk(address: str, token: str) -> dict[str, Any]:
    from PowerPlatform.Dataverse.client import DataverseClient
    from PowerPlatform.Dataverse.core.errors import HttpError

    credential, saw = Token(token), {}
    with DataverseClient(address, credential) as client:
        made = client.records.create("contact", {"firstname": "Ada", "lastname": "L", "gendercode": 2})
        saw["made"] = made
        saw["several"] = client.records.create("contact", [{"lastname": f"Many {n}"} for n in range(3)])
        client.records.update("contact", made, {"lastname": "Lovelace"})
        saw["read"] = dict(client.records.retrieve("contact", made, select=["lastname", "gendercode"]).items())
        pages = client.records.list_pages("contact", select=["lastname"], page_size=10)
        saw["pages"] = [len(page) for page in pages]
        found = client.records.list(
            "contact", select=["lastname"], filter="startswith(lastname,'Many')", orderby=["lastname desc"]
        )
        saw["found"] = [row["lastname"] for row in found]
        key = {"accountnumber": "A-1"}
        for name in ("Acme", "Acme Ltd"):
            client.records.upsert("account", [{"alternate_key": key, "record": {"name": name}}])
        rows = client.records.list("account", select=["name"], filter="accountnumber eq 'A-1'")
        saw["upserted"] = [row["name"] for row in rows]
        saw["batch"], saw["together"] = batches(client, made, saw["several"][0])
        client.records.delete("contact", made)
        try:
            client.records.update("contact", made, {"lastname": "Nobody"})
        except HttpError as error:
            saw["refused"] = {"status": error.status_code, "code": error.details.get("service_error_code")}
    saw["scopes"] = credential.scopes
    return saw


def batches(client: Any, made: str, other: str) -> tuple[list[int], list[str]]:
    """Statuses of a batch that goes on after an error, and the ids that a change set made."""
    batch = client.batch.new()
    batch.records.update("contact", made, {"jobtitle": "Countess"})
    batch.records.update("contact", "00000000-0000-4000-8000-000000000000", {"jobtitle": "Nobody"})
    batch.records.delete("contact", other)
    statuses = [each.status_code for each in batch.execute(continue_on_error=True).responses]
    batch = client.batch.new()
    with batch.changeset() as together:
        together.records.create("account", {"name": "Together 1"})
        together.records.create("account", {"name": "Together 2"})
    return statuses, list(batch.execute().entity_ids)


if __name__ == "__main__":
    if sys.argv[1] == "certificates":
        certificates(sys.argv[2])
    else:
        print(json.dumps(talk(*sys.argv[2:4])))
