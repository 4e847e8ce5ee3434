"""A diagnosis in words, and as JSON: what `corsproxy diagnose` shows."""

from collections.abc import Iterator, Sequence

import click

from corsproxy.cli.page import Page
from corsproxy.cli.steps import judged, needed, sent, title
from corsproxy.core.browser import Finding, preflight_of, shown
from corsproxy.core.consoles import Word, outcomes
from corsproxy.core.cors_check import readable_headers
from corsproxy.core.diagnosis import Answer, Diagnosis, Part, Silence, Step
from corsproxy.core.errors import ProxyErrorType
from corsproxy.core.mends import mend
from corsproxy.core.notices import Level, Notice, notices

_COLOURS = {Level.DANGER: "red", Level.WARNING: "yellow", Level.INFO: "cyan"}
_WORDS = {Word.ALLOWED: "green", Word.ASKS: "yellow", Word.REFUSED: "red"}

_TRUST = (
    "Add its authority to the system's and the browser's trusted ones (SSL_CERT_FILE names a file "
    "of them to this command); --insecure goes on all the same"
)
_UNREACHED = {
    ProxyErrorType.DNS_ERROR: ("its name is not known", "Is it spelt right, and known here?"),
    ProxyErrorType.DNS_TIMEOUT: ("its name took too long to look up", "Is the name server up?"),
    ProxyErrorType.CONNECTION_REFUSED: (
        "nothing listens there",
        "Is the server up, and is this its port?",
    ),
    ProxyErrorType.CONNECTION_TIMEOUT: (
        "it took too long to connect",
        "Is a firewall in the way? --timeout waits longer",
    ),
    ProxyErrorType.TLS_CERTIFICATE_ERROR: (
        "its certificate is not trusted, and a browser stops here, too",
        _TRUST,
    ),
    ProxyErrorType.TLS_PROTOCOL_ERROR: (
        "it speaks no TLS on this port, or none that we do",
        "Try http:{rest}",
    ),
    ProxyErrorType.HTTP_RESPONSE_TIMEOUT: (
        "it was reached, and didn't answer in time",
        "See its log; --timeout waits longer",
    ),
    ProxyErrorType.CONNECTION_TERMINATED: (
        "it closed the connection without an answer",
        "See its log; is it https:// on this port?",
    ),
    ProxyErrorType.HTTP_PROTOCOL_ERROR: (
        "its answer is no HTTP/1.1",
        "Is it https:// on this port, or a server that speaks HTTP/2 alone?",
    ),
}


def told(diagnosis: Diagnosis, page: Page) -> Iterator[str]:
    """Yield how a request of a page fared, line by line."""
    yield from title(diagnosis.request, page)
    before: Step | None = None
    for step in diagnosis.steps:
        yield ""
        if before is None or before.part is not Part.PREFLIGHT:
            if before is not None:
                yield f"Redirected to {step.request.url}, as {shown(step.request.sent_origin)}"
            yield from needed(step.request, preflight_of(step.request))
        if step.part is Part.REQUEST:
            yield "Request:"
        yield from _step(step)
        before = step
    if diagnosis.end:
        yield ""
        yield from judged([diagnosis.end], None)
    if diagnosis.unreached is None:
        yield ""
        yield from _end(diagnosis)


def unreached(silence: Silence, url: str) -> tuple[str, str]:
    """Say why a server gave no answer, and what to see to."""
    known = (silence.kind.title.lower(), "See its log")
    what, mended = _UNREACHED.get(silence.kind, known)
    return f"{url} can't be reached: {what} ({silence.said})", mended.format(
        rest=url.partition(":")[2]
    )


def _step(step: Step) -> Iterator[str]:
    first = f"{shown(step.sent.method)} {shown(step.sent.target)} HTTP/1.1"
    yield from sent(first, step.sent.fields)
    if isinstance(step.answer, Answer):
        yield f"  < {step.answer.status}"
        yield from (
            f"  < {shown(name)}: {shown(value)}"
            for name, value in step.answer.fields
            if _matters(name.lower())
        )
    yield from judged(step.findings, step.grant)


def _matters(name: bytes) -> bool:
    return name.startswith(b"access-control-") or name in (b"vary", b"location", b"via", b"server")


def _end(diagnosis: Diagnosis) -> Iterator[str]:
    refused = click.style("Refused", fg="red")
    if diagnosis.failure is not None:
        yield f"{refused} by the browser: {diagnosis.failure.failure}, {diagnosis.failure.what}"
        yield f"  mend: {mend(diagnosis)}"
    elif diagnosis.allowed:
        yield f"{click.style('Allowed', fg='green')}: {_allowed(diagnosis)}"
    else:
        yield f"{refused} by Chromium before CORS has a say; elsewhere {_allowed(diagnosis)}"
    for outcome in outcomes(diagnosis):
        word = click.style(str(outcome.word), fg=_WORDS[outcome.word])
        yield f"  {outcome.browser}: {word}" + (f", {outcome.why}" if outcome.why else "")
        if outcome.console:
            yield f"    {outcome.console}"
    for notice in notices(diagnosis):
        yield ""
        yield from _notice(notice)


def _allowed(diagnosis: Diagnosis) -> str:
    step = diagnosis.steps[-1]
    if diagnosis.asked_only:
        return "by its preflight; the request itself was not sent"
    if not isinstance(step.answer, Answer):
        return ""
    names = readable_headers(step.request, step.answer.fields)
    headers = ", ".join(sorted(shown(name) for name in names))
    which = f", and of its headers {headers}  (Fetch §2.2.2)" if headers else ""
    return f"the page reads the answer, {step.answer.status}{which}"


def _notice(notice: Notice) -> Iterator[str]:
    level = click.style(f"{notice.level}:", fg=_COLOURS[notice.level])
    yield f"{level} {notice.code}, {notice.what}  ({notice.section})"
    if notice.mend:
        yield f"  mend: {notice.mend}"


def as_json(diagnosis: Diagnosis) -> dict[str, object]:
    """Return a diagnosis for scripts; texts are octets as latin-1."""
    failure, silence = diagnosis.failure, diagnosis.unreached
    return {
        "url": diagnosis.request.url,
        "origin": shown(diagnosis.request.origin),
        "allowed": diagnosis.allowed,
        "failure": failure and {**finding_as_json(failure), "mend": mend(diagnosis)},
        "unreached": silence and silence.kind.token,
        "steps": [_step_as_json(step) for step in diagnosis.steps],
        "browsers": {
            outcome.browser: {
                "outcome": str(outcome.word), "why": outcome.why, "console": outcome.console,
            }
            for outcome in outcomes(diagnosis)
        },
        "notices": [
            {"level": str(n.level), "code": n.code, "what": n.what, "section": n.section,
             "mend": n.mend}
            for n in notices(diagnosis)
        ],
    }  # fmt: skip


def _step_as_json(step: Step) -> dict[str, object]:
    answer = step.answer if isinstance(step.answer, Answer) else None
    return {
        "part": str(step.part),
        "method": shown(step.sent.method),
        "url": step.sent.url,
        "sent": _pairs(step.sent.fields),
        "status": answer and answer.status,
        "fields": _pairs(answer.fields) if answer else [],
        "findings": [finding_as_json(finding) for finding in step.findings],
    }


def _pairs(fields: Sequence[tuple[bytes, bytes]]) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields]


def finding_as_json(finding: Finding) -> dict[str, object]:
    """Return a finding for scripts."""
    return {"code": finding.failure, "what": finding.what, "section": finding.section}
