"""``simple-salesforce`` for Python and ``jsforce`` for Node against the stand-in: what they can parse and classify, our connector
meets in the same shape. The first one speaks https only, so an adapter under it takes the s away."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from integrations.standins import salesforce
from integrations.standins.vendor import World
from tests.conformance.installing import HOME, installing, marks, run
from tests.standins.threads import served

JSFORCE = HOME / "jsforce-3.10.16"
SCRIPT = Path(__file__).with_name("jsforce.mjs")
BACK = "http://127.0.0.1:1/back"
PEOPLE = 300


@pytest.fixture
def vendor() -> Iterator[salesforce.Salesforce]:
    made = salesforce.create(World(records=PEOPLE), {})
    with served(made):
        yield made


class PlainHttp(HTTPAdapter):
    """What is meant for https goes over http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.url = "http://" + str(request.url).removeprefix("https://")
        return super().send(request, *args, **options)


class TestSimpleSalesforce:
    pytestmark = pytest.mark.timeout(60)

    @pytest.fixture
    def package(self) -> Any:
        return pytest.importorskip(
            "simple_salesforce", reason="simple-salesforce is not installed (requirements/dev.in)"
        )

    @pytest.fixture
    def client(self, package: Any, vendor: salesforce.Salesforce) -> Any:
        about = vendor.describe()
        session = requests.Session()
        session.mount(about["api_url"].replace("http:", "https:"), PlainHttp())
        return package.Salesforce(
            session_id=about["token"], instance_url=about["api_url"], version="62.0", session=session
        )

    def test_it_works_with_a_contact(self, client: Any, package: Any) -> None:
        made = client.Contact.create({"LastName": "Lovelace", "Email": "ada@simple.example"})
        assert made["success"] is True
        assert client.Contact.update(made["id"], {"FirstName": "Ada"}) == 204
        assert client.Contact.get(made["id"])["Name"] == "Ada Lovelace"
        assert client.Contact.get_by_custom_id("Email", "ada@simple.example")["Id"] == made["id"]
        assert client.Contact.delete(made["id"]) == 204
        with pytest.raises(package.exceptions.SalesforceResourceNotFound):
            client.Contact.get(made["id"])

    def test_it_reads_all_pages(self, client: Any, vendor: salesforce.Salesforce) -> None:
        vendor.settings["query_page"] = 40
        vendor.settings_changed()
        found = client.query_all("SELECT Id, Account.Name FROM Contact")
        assert found["totalSize"] == len(found["records"]) == len(vendor.orgs[0].tables["Contact"].rows)
        lazily = [each["Id"] for each in client.query_all_iter("SELECT Id FROM Contact")]
        assert lazily == [each["Id"] for each in found["records"]]

    def test_it_reads_deleted_records(self, client: Any) -> None:
        made = client.Account.create({"Name": "Gone"})
        client.Account.delete(made["id"])
        found = client.query("SELECT Id FROM Account WHERE IsDeleted = true", include_deleted=True)
        assert [each["Id"] for each in found["records"]] == [made["id"]]

    def test_it_upserts(self, client: Any, package: Any) -> None:
        assert client.Account.upsert("ERP_Number__c/S1", {"Name": "A"}) == 201
        assert client.Account.upsert("ERP_Number__c/S1", {"Name": "B"}) == 200
        for _ in range(2):
            client.Contact.create({"LastName": "Twin", "Email": "twin@simple.example"})
        with pytest.raises(package.exceptions.SalesforceMoreThanOneRecord):
            client.Contact.upsert("Email/twin@simple.example", {"LastName": "Which"})

    def test_it_classifies_refusals(self, client: Any, package: Any, vendor: salesforce.Salesforce) -> None:
        wrong = package.exceptions
        with pytest.raises(wrong.SalesforceMalformedRequest) as refused:
            client.Contact.create({})
        assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
        with pytest.raises(wrong.SalesforceMalformedRequest):
            client.query("SELECT Nope FROM Contact")
        vendor.offices[0].allocation.most = 1
        with pytest.raises(wrong.SalesforceRefusedRequest):
            client.limits()
        vendor.login.expire()
        with pytest.raises(wrong.SalesforceExpiredSession):
            client.limits()

    def test_it_reads_what_the_org_is_made_of(self, client: Any) -> None:
        assert client.Contact.describe()["keyPrefix"] == "003"
        assert "Contact" in [each["name"] for each in client.describe()["sobjects"]]
        assert client.Contact.metadata()["objectDescribe"]["name"] == "Contact"
        client.limits()
        assert client.api_usage["api-usage"].total == 100_000

    def test_it_sends_many_at_once(self, client: Any) -> None:
        given = [{"attributes": {"type": "Contact"}, "LastName": "Many"}, {"attributes": {"type": "Contact"}}]
        body = {"allOrNone": False, "records": given}
        good, bad = client.restful("composite/sobjects", method="POST", json=body)
        assert good["success"] is True
        assert bad["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"

    def test_it_follows_what_changed(self, client: Any) -> None:
        made = client.Account.create({"Name": "Changed"})
        now = datetime.now(UTC)
        span = (now - timedelta(hours=1), now + timedelta(minutes=2))
        assert made["id"] in client.Account.updated(*span)["ids"]
        client.Account.delete(made["id"])
        assert [each["id"] for each in client.Account.deleted(*span)["deletedRecords"]] == [made["id"]]

    def test_its_bulk_jobs_run(self, client: Any) -> None:
        given = [{"Name": f"Bulk {number}", "ERP_Number__c": f"K{number}"} for number in range(25)]
        (job,) = client.bulk2.Account.insert(records=given, wait=0)
        assert (job["numberRecordsTotal"], job["numberRecordsFailed"]) == (25, 0)
        pages = list(
            client.bulk2.Account.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk%'", max_records=10, wait=0)
        )
        assert [page.count("\n") - 1 for page in pages] == [10, 10, 5]


class TestJsforce:
    pytestmark = marks(JSFORCE)

    @pytest.fixture(scope="class")
    def modules(self) -> Path:
        """A folder in which Node finds ``jsforce``."""
        if not shutil.which("node") or not shutil.which("npm"):
            pytest.skip("there is no Node")
        with installing(JSFORCE) as missing:
            if missing:
                run("npm", "install", "--silent", "--no-audit", "--no-fund", "jsforce@3.10.16", cwd=JSFORCE)
        return JSFORCE

    @pytest.fixture(scope="class")
    def saw(self, modules: Path) -> dict[str, Any]:
        made = salesforce.create(World(records=PEOPLE), {})
        with served(made):
            about = made.describe()
            script = modules / "talk.mjs"
            script.write_text(SCRIPT.read_text())
            said = run(
                "node", script, about["login_url"], about["client_id"], about["client_secret"], BACK, cwd=modules
            )
            return {**json.loads(said), "about": about}

    def test_it_signs_in_with_a_verifier_and_finds_the_org(self, saw: dict[str, Any]) -> None:
        org = saw["about"]["organisations"][1]
        assert saw["method"] is None  # it sends a challenge without naming the method
        assert saw["state"] == "s1"
        assert saw["instanceUrl"] == org["url"]
        assert (saw["user"]["organizationId"], saw["user"]["id"]) == (org["id"], org["user"])

    def test_it_renews_a_session_once(self, saw: dict[str, Any]) -> None:
        assert saw["refreshes"] == 1
        assert saw["identity"].startswith("syncline.integration@")
        assert saw["versions"] > 30

    def test_it_works_with_contacts(self, saw: dict[str, Any]) -> None:
        assert saw["made"]["success"] is saw["updated"]["success"] is saw["destroyed"]["success"] is True
        assert saw["read"]["Name"] == "Ada Lovelace"
        assert [each["success"] for each in saw["several"]] == [True, False, True]
        assert saw["several"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
        assert saw["many"] == 450
        assert [each["LastName"] for each in saw["both"]] == ["Lovelace", "One"]
        assert saw["gone"] == "ENTITY_IS_DELETED"
        assert saw["refused"] == {"code": "INVALID_EMAIL_ADDRESS", "message": "Email: invalid email address: nonsense"}

    def test_it_upserts(self, saw: dict[str, Any]) -> None:
        assert [each["created"] for each in saw["upserts"]] == [True, False]

    def test_it_queries(self, saw: dict[str, Any]) -> None:
        assert saw["found"] == {"total": 450, "read": 450}
        assert saw["counted"] == 450
        assert saw["one"]["Owner"]["Email"] == "syncline.integration@syncline.example"

    def test_it_reads_what_the_org_is_made_of_and_what_is_left(self, saw: dict[str, Any]) -> None:
        assert saw["describe"] is False
        assert saw["objects"] > 20
        assert saw["usage"]["limit"] == saw["limits"]["Max"] == 100_000

    def test_it_follows_what_changed(self, saw: dict[str, Any]) -> None:
        assert saw["changed"] >= 452
        assert saw["deleted"] == [saw["several"][0]["id"]]

    def test_its_bulk_jobs_run(self, saw: dict[str, Any]) -> None:
        assert saw["loaded"]["good"] == 1
        assert saw["loaded"]["bad"][0].startswith("REQUIRED_FIELD_MISSING:")
        assert len(saw["bulk"]) == 111

    def test_a_revoked_token_is_no_good(self, saw: dict[str, Any]) -> None:
        assert saw["revoked"] == "invalid_grant"
