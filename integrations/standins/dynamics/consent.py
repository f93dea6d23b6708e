"""The sign-in service's addresses: a consent page for people, tokens for apps."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.standins.dynamics.entra import Refused
from integrations.standins.pages import page
from integrations.standins.web import answer, read_form

if TYPE_CHECKING:
    from integrations.standins.dynamics.vendor import Dynamics

AUTHORIZE = "/{tenant}/oauth2/v2.0/authorize"


class ConsentRefused(Exception):
    """The address of the consent page is wrong: shown to the person, never redirected."""


def routes(vendor: "Dynamics") -> list[Route]:
    async def show(request: Request) -> Response:
        try:
            return HTMLResponse(_form(vendor, dict(request.query_params), request.url.path))
        except ConsentRefused as error:
            return _wrong(error)

    async def decide(request: Request) -> Response:
        given = await read_form(request)
        try:
            _checked(vendor, given)
        except ConsentRefused as error:
            return _wrong(error)
        state = {"state": given["state"]} if "state" in given else {}
        if given.get("decision") != "allow":
            words = "AADSTS65004: User declined to consent to access the app."
            return _back(given, {"error": "access_denied", "error_description": words, **state})
        code = vendor.entra.consent(
            scope=given["scope"], redirect_uri=given["redirect_uri"], challenge=given.get("code_challenge", "")
        )
        return _back(given, {"code": code, **state})

    async def token(request: Request) -> Response:
        try:
            return answer(vendor.entra.token(await read_form(request)), headers={"Cache-Control": "no-store"})
        except Refused as error:
            return answer(error.shown(), 401 if error.error == "invalid_client" else 400)

    return [
        Route(AUTHORIZE, show, methods=["GET"]),
        Route(AUTHORIZE, decide, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
    ]


def _checked(vendor: "Dynamics", asked: dict[str, str]) -> str:
    """The name of the organisation that is asked for; raises ConsentRefused."""
    if asked.get("client_id") != vendor.entra.client_id:
        raise ConsentRefused("AADSTS700016: the app that sent you here is not known: wrong client_id.")
    address = urlsplit(asked.get("redirect_uri", ""))
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1"):
        raise ConsentRefused("AADSTS50011: redirect_uri must be https (http only for localhost).")
    if asked.get("response_type") != "code":
        raise ConsentRefused("AADSTS900144: response_type must be code.")
    try:
        number, _resource = vendor.entra.scope(asked.get("scope", ""))
    except Refused as refused:
        raise ConsentRefused(f"AADSTS{refused.number}: {refused.description}") from refused
    return vendor.organisations[number].name


def _form(vendor: "Dynamics", asked: dict[str, str], path: str) -> str:
    name = _checked(vendor, asked)
    hidden = "".join(f'<input type=hidden name="{escape(k)}" value="{escape(v)}">' for k, v in asked.items())
    body = f"""<form method=post action="{escape(path)}">{hidden}
<p>An app asks to use Dynamics 365 of <b>{escape(name)}</b> as you.</p>
<ul><li>Access Dynamics 365 as organisation users</li><li>Keep the access you have given it</li></ul>
<p class=actions><button name=decision value=allow class=primary>Accept</button>
<button name=decision value=deny>Cancel</button></p></form>"""
    return page("Permissions requested", body, narrow=True)


def _wrong(error: ConsentRefused) -> Response:
    return HTMLResponse(page("Something is not right", f"<p class=bad>{escape(str(error))}</p>"), 400)


def _back(given: dict[str, str], query: dict[str, str]) -> Response:
    address = given["redirect_uri"]
    return RedirectResponse(f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}", 303)
