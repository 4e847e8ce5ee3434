"""A refusal by the browser, and what to change on the server so that it ends."""

from urllib.parse import urlsplit

from corsproxy.core.browser import Failure, Finding, PageRequest, origin_of, shown
from corsproxy.core.diagnosis import Answer, Diagnosis, Part, Step
from corsproxy.core.redirects import REDIRECT_STATUSES, redirected
from corsproxy.core.safelist import unsafe_headers

_NO_PREFLIGHT = {
    401: "The login takes the preflight for a request, and browsers send no credentials with one",
    403: "Something forbids OPTIONS: a login, a firewall, a check of CSRF tokens",
    404: "No route answers OPTIONS at this address",
    405: "The server doesn't take OPTIONS at this address",
    407: "A proxy on the way wants a login, and browsers send no credentials with a preflight",
    501: "The server doesn't know OPTIONS",
}
_LOGINS = ("login", "signin", "sign-in", "auth", "sso")
_ANSWER_FIRST = (
    "answer preflights (OPTIONS requests with Access-Control-Request-Method) before that, with "
    "the status 204 and"
)
_ERRORS = "on errors too (nginx: `add_header ... always`; Apache: `Header always set`)"


def mend(diagnosis: Diagnosis) -> str | None:
    """Return what to change so that a browser goes on, None where nothing stops it."""
    failure = diagnosis.failure
    if failure is None:
        return None
    if failure is diagnosis.end:
        return _of_the_way(failure, diagnosis)
    step = diagnosis.steps[-1]
    if not isinstance(step.answer, Answer):
        return _of_silence(step)
    if told := diagnosis.refusal:
        return _of_corsproxy(told)
    if step.part is Part.PREFLIGHT and not 200 <= step.answer.status <= 299:  # noqa: PLR2004
        return _of_status(step, step.answer)
    return _of_fields(failure, step, step.answer, diagnosis)


def fields_for(step: Step) -> str:
    """Write the fields that a step lacks, as a server sends them."""
    request = step.request
    allowed = f"Access-Control-Allow-Origin: {shown(request.sent_origin)}"
    if request.credentials:
        allowed += ", Access-Control-Allow-Credentials: true"
    if step.part is not Part.PREFLIGHT:
        return f"{allowed} and Vary: Origin"
    names = ", ".join(shown(header.name) for header in unsafe_headers(request.headers))
    headers = f", Access-Control-Allow-Headers: {names}" if names else ""
    return f"{allowed}, Access-Control-Allow-Methods: {shown(request.method)}{headers}"


def _of_the_way(failure: Finding, diagnosis: Diagnosis) -> str:
    if failure.failure is Failure.MIXED_CONTENT:
        return (
            "Serve the address over https, or the page from the same https origin through a "
            "proxy; no CORS header helps"
        )
    if failure.failure is Failure.REDIRECT_LIMIT:
        return "The redirects lead in a circle: end it on the server"
    where = diagnosis.steps[-1].request.url if diagnosis.steps else diagnosis.request.url
    return f"Have {where} redirect to an http(s) address with no name or password in it"


def _of_silence(step: Step) -> str:
    if step.part is not Part.PREFLIGHT:
        return "See why the server doesn't answer this request, with its log or with curl"
    return (
        "The server was reached, and leaves OPTIONS unanswered: let a firewall or load balancer "
        f"before it pass OPTIONS, and have it answered with 204 and {fields_for(step)}"
    )


def _of_corsproxy(answer: Answer) -> str:
    told = answer.refusal
    if not told:
        return "A corsproxy refused it, and off loopback it doesn't say why: see its log"
    if advice := told.get("allow_with"):
        if advice.startswith("--"):
            return f"Start corsproxy with {advice}"
        return f"Write {advice} in the route table of corsproxy"
    return f"corsproxy refused it ({told['reason']} {told.get('culprit', '')}): see its log"


def _of_status(step: Step, answer: Answer) -> str:
    if answer.status in REDIRECT_STATUSES:
        return _of_redirect(step, answer)
    if answer.status >= 500:  # noqa: PLR2004 RFC 9110 §15.6
        what = _NO_PREFLIGHT.get(answer.status, "The server fails on OPTIONS: see its log")
    else:
        what = _NO_PREFLIGHT.get(answer.status, f"The preflight got the status {answer.status}")
    return f"{what}; {_ANSWER_FIRST} {fields_for(step)}; {_proxy_instead(step.request)}"


def _of_redirect(step: Step, answer: Answer) -> str:
    following = redirected(step.request, answer.status, answer.fields)
    if not isinstance(following, PageRequest):
        return f"A preflight is never redirected; {_ANSWER_FIRST} {fields_for(step)}"
    before, after = urlsplit(step.request.url), urlsplit(following.url)
    if (before.scheme, after.scheme) == ("http", "https"):
        why = "the server sends http to https"
    elif before.path.rstrip("/") == after.path.rstrip("/"):
        why = "they differ by the slash at the end"
    elif any(word in after.path.lower() for word in _LOGINS):
        why = "which looks like a login"
    else:
        why = "a preflight is never redirected"
    ask = f"Have the page ask for {following.url} itself ({why})"
    return f"{ask}; or {_ANSWER_FIRST} {fields_for(step)}"


def _of_fields(failure: Finding, step: Step, answer: Answer, diagnosis: Diagnosis) -> str:
    request = step.request
    if failure.failure is Failure.ORIGIN_MISSING:
        return _of_no_origin(step, answer, diagnosis)
    if failure.failure is Failure.ORIGIN_SEVERAL:
        return _of_several(request, answer)
    if failure.failure is Failure.ORIGIN_DIFFERENT and request.tainted:
        why = "Redirects between other origins make the origin `null`"
        return f"{why}: have the page ask for {request.url} itself"
    cached = ""
    if answer.lines(b"age") and b"origin" not in answer.listed(b"vary"):
        cached = "A cache answered (Age), perhaps with what another page got: empty it. "
    names = ", ".join(shown(header.name) for header in unsafe_headers(request.headers))
    method, without = shown(request.method), "or let the page leave out credentials"
    return {
        Failure.ORIGIN_WILDCARD: f"Name the origin: send {fields_for(step)}; {without}",
        Failure.ORIGIN_DIFFERENT: f"{cached}Allow the page's origin: send {fields_for(step)}",
        Failure.CREDENTIALS_MISSING: "Send Access-Control-Allow-Credentials: true, once, in small "
        f"letters; {without}",
        Failure.METHOD_MISSING: f"Name {method} in Access-Control-Allow-Methods, in that case",
        Failure.HEADER_MISSING: f"Name what is asked for in Access-Control-Allow-Headers: {names}",
        Failure.LIST_MALFORMED: "Write it as names with commas between",
    }[failure.failure or Failure.LIST_MALFORMED]


def _of_no_origin(step: Step, answer: Answer, diagnosis: Diagnosis) -> str:
    known = any(done.part is Part.PREFLIGHT for done in diagnosis.steps)
    if step.part is Part.PREFLIGHT:
        why = "The server answers OPTIONS and knows no CORS"
    elif answer.status >= 400:  # noqa: PLR2004 RFC 9110 §15.5
        why = "CORS is set up, and left out on errors" if known else "An error without CORS fields"
        return f"{why}: send {fields_for(step)} {_ERRORS}"
    elif answer.status in REDIRECT_STATUSES:
        why = "The redirect itself is checked, too"
        return f"{why}: send {fields_for(step)} on it, or have the page ask where it leads"
    else:
        why = "CORS is set up for preflights alone" if known else "The server knows no CORS"
    return f"{why}: send {fields_for(step)}; {_proxy_instead(step.request)}"


def _proxy_instead(request: PageRequest) -> str:
    upstream = origin_of(request.url).decode()
    run = f"`corsproxy run --upstream {upstream} --allow-origin {shown(request.origin)}`"
    return f"where you can't change the server, put a proxy before it: {run}"


def _of_several(request: PageRequest, answer: Answer) -> str:
    times = len(answer.lines(b"access-control-allow-origin"))
    via = ", ".join(shown(line) for line in (*answer.lines(b"server"), *answer.lines(b"via")))
    by = f" (it names {via})" if via else ""
    why = f"It comes {times} times: two on the way send it{by}"
    if times == 1:
        why = f"It is no list: the server names all it allows, or two on the way send it{by}"
    return (
        f"{why}. Let one of them send {shown(request.sent_origin)} alone, and the one before it "
        "drop what it gets (nginx: `proxy_hide_header Access-Control-Allow-Origin`; corsproxy: "
        "`upstream_cors: replace`)"
    )
