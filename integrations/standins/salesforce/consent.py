"""OAuth addresses: a consent page for people, tokens for apps, and who is signed in."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.standins.pages import page
from integrations.standins.salesforce.login import Grant, Refused
from integrations.standins.web import answer, read_form

if TYPE_CHECKING:
    from integrations.standins.salesforce.vendor import Salesforce

AUTHORIZE = "/services/oauth2/authorize"


def routes(vendor: "Salesforce") -> list[Route]:
    async def show(request: Request) -> Response:
        asked = dict(request.query_params)
        try:
            _checked(vendor, asked)
        except Refused as refused:
            return _wrong(refused)
        return HTMLResponse(_form(vendor, asked, vendor.number_at(request)))

    async def decide(request: Request) -> Response:
        given = await read_form(request)
        try:
            _checked(vendor, given)
        except Refused as refused:
            return _wrong(refused)
        state = {"state": given["state"]} if "state" in given else {}
        if given.get("decision") != "allow":
            return _back(
                given, {"error": "access_denied", "error_description": "end-user denied authorization", **state}
            )
        here = vendor.number_at(request)
        number = here if here is not None else int(given.get("organisation") or 0)
        code = vendor.login.consent(organisation=number, scope=given.get("scope", ""), redirect_uri=given["redirect_uri"],
                                    challenge=given.get("code_challenge", ""))  # fmt: skip
        return _back(given, {"code": code, **state})

    async def token(request: Request) -> Response:
        try:
            return answer(vendor.login.token(await read_form(request)), headers={"Cache-Control": "no-store"})
        except Refused as refused:
            return answer(refused.shown(), 400)

    async def revoke(request: Request) -> Response:
        try:
            vendor.login.revoke((await read_form(request)).get("token", ""))
        except Refused as refused:
            return answer(refused.shown(), 400)
        return Response(b"")

    async def user(request: Request) -> Response:
        grant = vendor.login.grant(request.headers.get("authorization", ""))
        asked = request.path_params.get("user")
        if grant is None or (asked and asked[:15] != grant.user[:15]):
            return Response("Bad_OAuth_Token", 403)
        return answer(_who(vendor, grant))

    return [
        Route(AUTHORIZE, show, methods=["GET"]),
        Route(AUTHORIZE, decide, methods=["POST"]),
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/oauth2/revoke", revoke, methods=["POST"]),
        Route("/services/oauth2/userinfo", user, methods=["GET", "POST"]),
        Route("/id/{org}/{user}", user, methods=["GET"]),
    ]


def _who(vendor: "Salesforce", grant: Grant) -> dict[str, object]:
    org = vendor.orgs[grant.organisation]
    held = org.tables["User"].rows[grant.user].values
    rest = f"{org.address}/services/data/v{{version}}/"
    return {
        "id": f"{vendor.base}/id/{org.id}/{grant.user}", "sub": f"{vendor.base}/id/{org.id}/{grant.user}",
        "user_id": grant.user, "organization_id": org.id, "username": held["Username"], "preferred_username": held["Username"],
        "display_name": held["Name"], "name": held["Name"], "email": held["Email"], "email_verified": True,
        "active": bool(held.get("IsActive")), "user_type": "STANDARD", "language": "en_US", "locale": "en_US", "utcOffset": 0,
        "urls": {"rest": rest, "sobjects": f"{rest}sobjects/", "query": f"{rest}query/",
                 "custom_domain": org.address},
    }  # fmt: skip


def _checked(vendor: "Salesforce", asked: dict[str, str]) -> None:
    """Raises Refused: shown to the person, never redirected."""
    if asked.get("client_id") != vendor.login.client_id:
        raise Refused("invalid_client_id", "client identifier invalid")
    address = urlsplit(asked.get("redirect_uri", ""))
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1"):
        raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
    if asked.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response type not supported")
    if asked.get("code_challenge_method", "S256") != "S256":
        raise Refused("invalid_request", "code_challenge_method must be S256")
    if vendor.settings["pkce_required"] and not asked.get("code_challenge"):
        raise Refused("invalid_request", "missing required code challenge")
    if not asked.get("organisation", "0").isdigit() or int(asked.get("organisation", "0")) >= len(vendor.orgs):
        raise Refused("invalid_request", "there is no such org")


def _form(vendor: "Salesforce", asked: dict[str, str], here: int | None) -> str:
    """At the address of an org it is for that org, else the person says which."""
    hidden = "".join(f'<input type=hidden name="{escape(k)}" value="{escape(v)}">' for k, v in asked.items())
    chosen = here if here is not None else int(asked.get("organisation", "0"))
    orgs = [vendor.orgs[here]] if here is not None else vendor.orgs
    choice = "".join(
        f"<label><input type=radio name=organisation value={org.number}{' checked' if org.number == chosen else ''}> "
        f"{escape(org.name)}</label> "
        for org in orgs
    )
    body = f"""<form method=post action="{AUTHORIZE}">{hidden}<p>Sign in to {choice}</p>
<p>An app asks to:</p><ul><li>Manage user data via APIs (api)</li><li>Perform requests at any time (refresh_token)</li></ul>
<p class=actions><button name=decision value=allow class=primary>Allow</button>
<button name=decision value=deny>Deny</button></p></form>"""
    return page("Allow access?", body, narrow=True)


def _wrong(refused: Refused) -> Response:
    text = f"<p class=bad>error={escape(refused.error)}&amp;error_description={escape(refused.description)}</p>"
    return HTMLResponse(page("OAuth error", text), 400)


def _back(given: dict[str, str], query: dict[str, str]) -> Response:
    address = given["redirect_uri"]
    return RedirectResponse(f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}", 303)
