"""What is wrong, dangerous or worth knowing in a server's answers, each with its mend."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from corsproxy.core.browser import shown
from corsproxy.core.cors_check import DEFAULT_MAX_AGE
from corsproxy.core.diagnosis import OTHER_ORIGIN, Answer, Diagnosis, Part, Step
from corsproxy.core.preflight_cache import CAPS

_ORIGIN = b"access-control-allow-origin"
_CREDENTIALS = b"access-control-allow-credentials"
_MAX_AGE = b"access-control-max-age"
_LISTS = {
    Part.PREFLIGHT: (b"access-control-allow-methods", b"access-control-allow-headers"),
    Part.REQUEST: (b"access-control-expose-headers",),
}


class Level(StrEnum):
    """How grave a notice is."""

    DANGER = "danger"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something found: a stable code, in words, where the rule stands, and what to change."""

    level: Level
    code: str
    what: str
    section: str
    mend: str = ""


def notices(diagnosis: Diagnosis) -> tuple[Notice, ...]:
    """Return what is to be said about all answers, the gravest first, each thing once."""
    found = [*_of_origins(diagnosis), *_of_errors(diagnosis), *_of_networks(diagnosis)]
    for step in diagnosis.steps:
        if isinstance(step.answer, Answer) and step.request.cross_origin:
            found += _of_fields(step, step.answer)
            if step.part is Part.PREFLIGHT and step.grant:
                found += _of_max_age(step.answer)
        if isinstance(step.answer, Answer):
            found += _of_corsproxy(step.answer)
    for probe in diagnosis.probes:
        if probe.part is Part.WHY and isinstance(probe.answer, Answer) and probe.answer.refused:
            found += _of_corsproxy(probe.answer)
    order = list(Level)
    return tuple(sorted(dict.fromkeys(found), key=lambda notice: order.index(notice.level)))


def _of_origins(diagnosis: Diagnosis) -> Iterator[Notice]:
    """Tell what becomes of pages elsewhere: by the answers to the same question of others."""
    others = [p for p in diagnosis.probes if p.part in (Part.OTHER_ORIGIN, Part.NO_ORIGIN)]
    for probe in others:
        if not isinstance(probe.answer, Answer) or probe.part is Part.NO_ORIGIN:
            continue
        reflected = probe.answer.lines(_ORIGIN) == (OTHER_ORIGIN,)
        if reflected and probe.answer.lines(_CREDENTIALS) == (b"true",):
            yield Notice(
                Level.DANGER,
                "origin_reflected",
                "any origin is allowed with credentials: every site that a user visits can act "
                f"and read here as that user ({shown(OTHER_ORIGIN)} was allowed)",
                "Fetch §3.3.5, CORS protocol and credentials",
                "Allow the origins of your own pages by their names, and no other",
            )
        elif reflected:
            yield Notice(
                Level.INFO,
                "origin_reflected",
                "any origin is allowed, by sending it back",
                "Fetch §3.3.3, HTTP responses",
                "Access-Control-Allow-Origin: * says the same, and needs no Vary",
            )
    if any(probe.part is Part.NO_ORIGIN for probe in others):  # of preflights none is cached
        answers = [step.answer for step in (diagnosis.steps[-1], *others)]
        yield from _of_vary([answer for answer in answers if isinstance(answer, Answer)])


def _of_vary(answers: list[Answer]) -> Iterator[Notice]:
    depends = len({answer.lines(_ORIGIN) for answer in answers}) > 1
    without = [a for a in answers if not a.listed(b"vary") & {b"origin", b"*"}]
    if depends and without:
        which = "some lack" if len(without) < len(answers) else "all lack"
        yield Notice(
            Level.WARNING,
            "vary_missing",
            f"the answers depend on the Origin, and {which} Vary: Origin: a cache hands one "
            "page's answer to another's, which its browser then refuses",
            "Fetch, CORS protocol and HTTP caches",
            "Send Vary: Origin on every answer, also where the origin is refused or none came",
        )


def _of_errors(diagnosis: Diagnosis) -> Iterator[Notice]:
    for probe in diagnosis.probes:
        answer = probe.answer
        if probe.part is not Part.ERROR or not isinstance(answer, Answer):
            continue
        if answer.status >= 400 and not answer.lines(_ORIGIN):  # noqa: PLR2004 RFC 9110 §15.5
            yield Notice(
                Level.WARNING,
                "errors_without_cors",
                f"errors have no CORS fields: a page can't read the {answer.status} for "
                f"{shown(probe.sent.target)}, and its console speaks of CORS instead",
                "Fetch §4.10, CORS check",
                "Send them on errors too (nginx: `add_header ... always`; Apache: `Header always "
                "set`), the proxy's own 502 and 504 included",
            )


def _of_networks(diagnosis: Diagnosis) -> Iterator[Notice]:
    for crossing in diagnosis.crossings:
        where = f"the address is {crossing.server}, the page's is {crossing.page}"
        if crossing.secure:
            yield Notice(
                Level.WARNING,
                "local_network",
                f"{where}: Chromium first asks the user for the permission "
                f"`{crossing.permission}`, and Firefox begins to; refused, nothing is sent",
                "Local Network Access (WICG), since Chrome 142",
                "No header grants it: the user does, or an administrator (LocalNetworkAccessAllowed"
                "ForUrls); or serve the page and the API on one network",
            )
        else:
            yield Notice(
                Level.WARNING,
                "local_network_insecure",
                f"{where}, and the page came over http: Chromium refuses without asking",
                "Local Network Access (WICG), since Chrome 142",
                "Serve the page over https, then the user is asked; no header helps",
            )


def _of_fields(step: Step, answer: Answer) -> Iterator[Notice]:
    wildcard = answer.lines(_ORIGIN) == (b"*",)
    credentials = answer.lines(_CREDENTIALS)
    if wildcard and credentials == (b"true",) and not step.request.credentials:
        yield Notice(
            Level.WARNING,
            "wildcard_with_credentials",
            "Access-Control-Allow-Origin is '*' beside Access-Control-Allow-Credentials: true: a "
            "page that sends credentials is refused",
            "Fetch §4.10, CORS check, step 4",
            "Name the origins that may send credentials, or leave out the -Credentials",
        )
    if credentials and credentials not in ((b"true",), (b"false",)):
        yield Notice(
            Level.WARNING,
            "credentials_malformed",
            f"Access-Control-Allow-Credentials is '{shown(b', '.join(credentials))}', and counts "
            "for nothing: the one value is 'true', once, in small letters",
            "Fetch §4.10, CORS check, step 7",
            "Send Access-Control-Allow-Credentials: true, or nothing",
        )
    if step.request.credentials:
        yield from _of_wildcards(step.part, answer)
    if step.tolerated:
        yield Notice(
            Level.WARNING,
            "authorization_by_wildcard",
            "'*' in Access-Control-Allow-Headers doesn't cover Authorization by the standard; "
            "Chromium, Firefox and Safari let it pass as yet, and Firefox warns in its console",
            "Fetch §4.8, CORS-preflight fetch, step 7.6",
            "Send Access-Control-Allow-Headers: *, Authorization",
        )


def _of_wildcards(part: Part, answer: Answer) -> Iterator[Notice]:
    for name in _LISTS[part]:
        if b"*" in answer.listed(name):
            written = "-".join(word.capitalize() for word in name.decode().split("-"))
            yield Notice(
                Level.WARNING,
                "list_wildcard_with_credentials",
                f"{written} has '*', which with credentials is no wildcard but a name",
                "Fetch §3.3.4, HTTP new-header syntax",
                f"Write the names out in {written}",
            )


def _of_max_age(answer: Answer) -> Iterator[Notice]:
    lines = answer.lines(_MAX_AGE)
    section = "Fetch §4.8, CORS-preflight fetch, steps 7.8 to 7.10"
    anew = f"remembered for {DEFAULT_MAX_AGE} s, so that nearly every request is asked about anew"
    advice = f"Send Access-Control-Max-Age: {CAPS['Chromium']}, as digits, once"
    if not lines:
        what = f"there is no Access-Control-Max-Age: the preflight is {anew}"
        yield Notice(Level.INFO, "max_age_missing", what, section, advice)
    elif len(lines) > 1 or not lines[0].isdigit():
        said = shown(b", ".join(lines))
        what = f"Access-Control-Max-Age is '{said}', no number of seconds: the preflight is {anew}"
        yield Notice(Level.WARNING, "max_age_malformed", what, section, advice)
    elif int(lines[0][:18]) > max(CAPS.values()):
        most = ", ".join(f"{name} {cap} s" for name, cap in CAPS.items())
        what = f"nobody honours an Access-Control-Max-Age of {shown(lines[0])}: at most {most}"
        advice = f"{max(CAPS.values())} is as much as counts"
        yield Notice(Level.INFO, "max_age_capped", what, section, advice)


def _of_corsproxy(answer: Answer) -> Iterator[Notice]:
    """Show corsproxy's own marks: in Via and Proxy-Status, and why it refused where it says so."""
    marks = [mark for mark in sorted(answer.listed(b"via")) if b" corsproxy-" in mark]
    marks += [mark for mark in answer.lines(b"proxy-status") if mark.startswith(b"corsproxy;")]
    if marks:
        what = f"it came through a corsproxy: {shown(b', '.join(marks))}"
        yield Notice(Level.INFO, "through_corsproxy", what, "RFC 9110 §7.6.3 and RFC 9209 §2")
    if told := answer.refusal:
        near = f"; {told['near_miss']}" if "near_miss" in told else ""
        what = f"corsproxy refused it: {told['reason']} {told.get('culprit', '')}{near}"
        yield Notice(Level.WARNING, "refused_by_corsproxy", what, "RFC 9457, problem details")
