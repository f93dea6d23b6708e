"""The OAuth addresses: a consent page for people, tokens for apps."""

from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.standins.hubspot.api import Call, route
from integrations.standins.hubspot.oauth import ALL_SCOPES, OAuthRefused
from integrations.standins.pages import page
from integrations.standins.web import BadBody, answer, empty, read_form, read_form_lists

if TYPE_CHECKING:
    from integrations.standins.hubspot.vendor import HubSpot

TOKENS = ("/oauth/{version:dated}/token", "/oauth/v3/token", "/oauth/v1/token")


class ConsentRefused(Exception):
    """The address of the consent page is wrong: shown to the person, never redirected."""


def routes(hub: "HubSpot") -> list[Any]:
    async def show(request: Request) -> Response:
        try:
            return HTMLResponse(_form(hub, dict(request.query_params)))
        except ConsentRefused as error:
            return HTMLResponse(page("Something is not right", f"<p class=bad>{escape(str(error))}</p>"), 400)

    async def decide(request: Request) -> Response:
        given = await read_form_lists(request)
        try:
            return RedirectResponse(_decision(hub, given), 303)
        except ConsentRefused as error:
            return HTMLResponse(page("Something is not right", f"<p class=bad>{escape(str(error))}</p>"), 400)

    async def token(request: Request) -> Response:
        try:
            return answer(hub.oauth.token(await read_form(request)), headers={"Cache-Control": "no-store"})
        except OAuthRefused as error:
            return answer(error.shown(), 400)
        except BadBody as error:
            return answer({"status": "BAD_REQUEST", "message": str(error)}, 400)

    async def introspect(request: Request) -> Response:
        form = await read_form(request)
        return answer(hub.oauth.introspect(_named(form)))

    async def revoke(request: Request) -> Response:
        form = await read_form(request)
        hub.oauth.revoke(_named(form))
        return empty(200)

    async def old_access(request: Request) -> Response:
        return _old(hub.oauth.introspect(request.path_params["token"]), "access_token", request)

    async def old_refresh(request: Request) -> Response:
        if request.method == "DELETE":
            hub.oauth.revoke(request.path_params["token"])
            return empty()
        return _old(hub.oauth.introspect(request.path_params["token"]), "refresh_token", request)

    return [
        Route("/oauth/authorize", show, methods=["GET"]),
        Route("/oauth/authorize", decide, methods=["POST"]),
        *(Route(path, token, methods=["POST"]) for path in TOKENS),
        *(Route(f"{path}/introspect", introspect, methods=["POST"]) for path in TOKENS[:2]),
        *(Route(f"{path}/revoke", revoke, methods=["POST"]) for path in TOKENS[:2]),
        Route("/oauth/v1/access-tokens/{token}", old_access, methods=["GET"]),
        Route("/oauth/v1/refresh-tokens/{token}", old_refresh, methods=["GET", "DELETE"]),
        *_app_routes(hub),
    ]


def _app_routes(hub: "HubSpot") -> list[Route]:
    def uninstall(call: Call) -> Response:
        call.hub.oauth.uninstall(call.grant)
        return empty()

    def token_info(call: Call) -> Response:
        grant = call.hub.oauth.static.get(str(call.members().get("tokenKey", "")))
        if grant is None:
            return answer({"status": "error", "message": "No such token.", "category": "OBJECT_NOT_FOUND"}, 404)
        return answer({"userId": 9586504, "hubId": grant.portal_id, "appId": 555, "scopes": grant.scopes})

    paths = ("/appinstalls/{version:dated}/external-install", "/appinstalls/v3/external-install")
    info = ("/oauth/v2/private-apps/get/access-token-info",)
    return [*route(hub, paths, "DELETE", uninstall), *route(hub, info, "POST", token_info)]


def _named(form: dict[str, str]) -> str:
    return form.get("token") or form.get("access_token") or form.get("refresh_token") or ""


def _old(shown: dict[str, Any], use: str, request: Request) -> Response:
    if not shown["active"] or shown["token_use"] != use:
        return answer({"status": "error", "message": "access token or refresh token not found"}, 404)
    return answer({**shown, "token": request.path_params["token"]})


# -- the page --------------------------------------------------------------------------------------------------------------
def _checked(hub: "HubSpot", asked: dict[str, str]) -> tuple[list[str], list[str]]:
    """(required scopes, optional scopes); raises ConsentRefused."""
    if asked.get("client_id") != hub.client_id:
        raise ConsentRefused("The app that sent you here is not known: wrong client_id.")
    address = urlsplit(asked.get("redirect_uri", ""))
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ConsentRefused("redirect_uri must be https (http only for localhost).")
    if asked.get("code_challenge") and asked.get("code_challenge_method", "S256") != "S256":
        raise ConsentRefused("code_challenge_method must be S256.")
    scopes, optional = asked.get("scope", "").split(), asked.get("optional_scope", "").split()
    if not scopes:
        raise ConsentRefused("No scope was asked for.")
    if unknown := [name for name in [*scopes, *optional] if name not in ALL_SCOPES]:
        raise ConsentRefused(f"These scopes don't match the app's settings: {', '.join(unknown)}.")
    return scopes, optional


def _form(hub: "HubSpot", asked: dict[str, str]) -> str:
    scopes, optional = _checked(hub, asked)
    hidden = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items()
    )
    accounts = "".join(
        f"<label class=choice><input type=radio name=portal value={portal.id}{' checked' if not order else ''}> "
        f"<span><b>{escape(portal.name)}</b><br><small>Account {portal.id} · "
        f"{len(portal.tables['contacts'].live):,} contacts</small></span></label>"
        for order, portal in enumerate(hub.portals.values())
    )
    needed = "".join(f"<li><code>{escape(name)}</code></li>" for name in scopes)
    extra = "".join(
        f'<label class=choice><input type=checkbox name=optional value="{escape(name)}" checked> '
        f"<code>{escape(name)}</code></label>"
        for name in optional
    )
    body = f"""<form method=post action="/oauth/authorize">{hidden}
<p>An app wants to connect to your HubSpot account.</p>
<fieldset><legend>Choose an account</legend>{accounts}</fieldset>
<fieldset><legend>The app will be able to use</legend><ul>{needed}</ul>{extra}</fieldset>
<p class=actions><button name=decision value=allow class=primary>Connect app</button>
<button name=decision value=deny>Cancel</button></p></form>"""
    return page("Connect an app to HubSpot", body, narrow=True)


def _decision(hub: "HubSpot", given: dict[str, list[str]]) -> str:
    """Where the browser goes next."""
    asked = {name: values[-1] for name, values in given.items()}
    scopes, optional = _checked(hub, asked)
    state = {"state": asked["state"]} if "state" in asked else {}
    if asked.get("decision") != "allow":
        words = "The user denied access to the app"
        return _with(asked["redirect_uri"], {"error": "access_denied", "error_description": words, **state})
    portal_id = int(asked["portal"]) if asked.get("portal", "").isdigit() else 0
    if portal_id not in hub.portals:
        raise ConsentRefused("Choose an account.")
    granted = scopes + [name for name in optional if name in given.get("optional", [])]
    code = hub.oauth.consent(
        portal_id=portal_id,
        scopes=granted,
        redirect_uri=asked["redirect_uri"],
        challenge=asked.get("code_challenge", ""),
    )
    return _with(asked["redirect_uri"], {"code": code, **state})


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"
