"""A legacy API as they are met: cookies for its own domain, 405 to OPTIONS, no CORS at all."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import parse_qsl
from weakref import WeakSet

from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.typedefs import Handler

from corsproxy.demo.address_book import (
    AddressBook,
    BookFullError,
    Contact,
    ContactError,
    checked_text,
)

MAX_BODY = 64 * 1024  # octets, of a request's content and of a WebSocket message
MAX_SESSIONS = 1000
MAX_FIELDS = 20  # of a form
SESSION = "session"
COOKIE_DOMAIN = "address-book.example"  # where the API lives in production
EVENTS = 5

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_CONTACT = "/api/contacts/{id:[0-9]{1,9}}"

_book = web.AppKey("book", AddressBook)
_sessions = web.AppKey("sessions", dict[str, str])
_sockets: web.AppKey[WeakSet[web.WebSocketResponse]] = web.AppKey("sockets", WeakSet)
_interval = web.AppKey("interval", float)


def create_app(*, event_interval: float = 1.0) -> web.Application:
    """Return the API with a fresh address book; `event_interval` is in seconds.

    It answers below /api, keeps everything in memory and never sends an `Access-Control-*` field.
    """
    app = web.Application(middlewares=[_errors_as_json], client_max_size=MAX_BODY)
    app[_book] = AddressBook()
    app[_sessions] = {}
    app[_sockets] = WeakSet()
    app[_interval] = event_interval
    app.on_shutdown.append(_close_sockets)
    app.add_routes(
        [
            web.get("/api/contacts", _list_contacts),
            web.post("/api/contacts", _add_contact),
            web.get(_CONTACT, _get_contact),
            web.put(_CONTACT, _put_contact),
            web.patch(_CONTACT, _patch_contact),
            web.delete(_CONTACT, _delete_contact),
            web.post("/api/login", _login),
            web.post("/api/logout", _logout),
            web.get("/api/me", _me),
            web.get("/api/events", _events, allow_head=False),
            web.get("/api/chat", _chat, allow_head=False),
        ]
    )
    return app


# Contacts


async def _list_contacts(request: web.Request) -> web.Response:
    contacts = [asdict(contact) for contact in request.app[_book].all()]
    return _json(contacts, headers={"X-Total-Count": str(len(contacts))})


async def _add_contact(request: web.Request) -> web.Response:
    contact = request.app[_book].add(await _content(request, _JSON, _FORM))
    return _json(asdict(contact), 201, {"Location": f"/api/contacts/{contact.id}"})


async def _get_contact(request: web.Request) -> web.Response:
    return _json(asdict(_contact(request)))


async def _put_contact(request: web.Request) -> web.Response:
    given = await _content(request, _JSON)
    return _json(asdict(request.app[_book].put(_contact(request), given)))


async def _patch_contact(request: web.Request) -> web.Response:
    given = await _content(request, _JSON)
    return _json(asdict(request.app[_book].patch(_contact(request), given)))


async def _delete_contact(request: web.Request) -> web.Response:
    request.app[_book].delete(_contact(request))
    return web.Response(status=204)


def _contact(request: web.Request) -> Contact:
    number = int(request.match_info["id"])
    contact = request.app[_book].get(number)
    if contact is None:
        raise web.HTTPNotFound(text=f"there is no contact {number}")
    return contact


# Sessions


async def _login(request: web.Request) -> web.Response:
    user = checked_text("user", (await _content(request, _FORM)).get("user", ""))
    if not user:
        raise ContactError("user: missing or empty")
    sessions = request.app[_sessions]
    if len(sessions) >= MAX_SESSIONS:
        del sessions[next(iter(sessions))]
    token = secrets.token_urlsafe(16)
    sessions[token] = user
    response = _json({"user": user})
    _set_cookie(response, token)
    return response


async def _me(request: web.Request) -> web.Response:
    user = request.app[_sessions].get(request.cookies.get(SESSION, ""))
    if user is None:
        raise web.HTTPUnauthorized(text="no session: POST user to /api/login first")
    return _json({"user": user})


async def _logout(request: web.Request) -> web.Response:
    request.app[_sessions].pop(request.cookies.get(SESSION, ""), None)
    response = web.Response(status=204)
    _set_cookie(response, "", max_age=0)
    return response


def _set_cookie(response: web.Response, value: str, max_age: int | None = None) -> None:
    """Set the session as production would: no browser takes this cookie from localhost."""
    response.set_cookie(
        SESSION,
        value,
        max_age=max_age,
        domain=COOKIE_DOMAIN,
        path="/",
        httponly=True,
        secure=True,
        samesite="None",
    )


# Streams


async def _events(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    for number in range(1, EVENTS + 1):
        count = len(request.app[_book].all())
        data = json.dumps({"event": number, "contacts": count})
        await response.write(f"id: {number}\ndata: {data}\n\n".encode())
        if number < EVENTS:
            await asyncio.sleep(request.app[_interval])
    return response


async def _chat(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=MAX_BODY, heartbeat=30)
    if not socket.can_prepare(request).ok:
        raise web.HTTPUpgradeRequired(
            text="this is a WebSocket: ask with Upgrade: websocket",
            headers={"Upgrade": "websocket", "Connection": "Upgrade"},
        )
    await socket.prepare(request)
    request.app[_sockets].add(socket)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def _close_sockets(app: web.Application) -> None:
    sockets = app[_sockets]
    for socket in set(sockets):  # a copy: a closed socket leaves the set
        await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the API stops")


# What comes in, and how refusals go out


async def _content(request: web.Request, *types: str) -> Mapping[str, object]:
    """Return the fields sent, as JSON or as a form. Raises 415 and 400 as web.HTTPException."""
    if request.content_type not in types:
        raise web.HTTPUnsupportedMediaType(text=f"send {' or '.join(types)}")
    body = await request.read()
    try:
        if request.content_type == _FORM:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
            return dict(pairs)
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise web.HTTPBadRequest(text=f"the content is no {request.content_type}") from error
    if not isinstance(value, dict):
        raise web.HTTPBadRequest(text="expected a JSON object")
    return value


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if request.can_read_body:
            await request.read()  # refuses what is over MAX_BODY, wanted or not
        return await handler(request)
    except ConnectionResetError:
        return web.Response(status=400)  # for nobody: the client left
    except ContactError as error:
        return _json({"error": str(error)}, 422)
    except BookFullError as error:
        return _json({"error": str(error)}, 409)
    except web.HTTPException as error:
        kept = {name: error.headers[name] for name in _KEPT if name in error.headers}
        return _json({"error": error.text}, error.status, kept)


_KEPT = ("Allow", "Connection", "Upgrade")


def _json(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    text = json.dumps(value) + "\n"
    return web.json_response(
        text=text, status=status, headers={"Cache-Control": "no-store", **(headers or {})}
    )
