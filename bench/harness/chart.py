"""The claims as a picture: each figure as a share of its goal, with its spread, as SVG."""

import math
from collections.abc import Sequence
from html import escape

from harness.claims import Claim, number, reach

_LABELS, _PLOT, _FIGURES, _ROW, _TOP = 400, 420, 220, 22, 56  # px
_LEAST, _MOST = 0.25, 8.0  # times the goal: the ends of the axis
_TICKS = (0.25, 0.5, 1, 2, 4, 8)
_MET, _MISSED, _INK, _FAINT = "#0a7d55", "#b3261e", "#1f2328", "#d0d7de"


def chart(claims: Sequence[Claim], title: str) -> str:
    """Draw one row for each claim; right of the line at 1, the goal is met."""
    width = _LABELS + _PLOT + _FIGURES
    height = _TOP + len(claims) * _ROW + 16
    size = f'width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" role="img"',
        f'  font-family="sans-serif" font-size="12" fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect {size} fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
        *_axis(height),
    ]
    for at, claim in enumerate(claims):
        parts += _row(claim, _TOP + at * _ROW + _ROW / 2)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axis(height: int) -> list[str]:
    parts = []
    for tick in _TICKS:
        x = _place(tick)
        stroke = _INK if tick == 1 else _FAINT
        word = "the goal" if tick == 1 else f"{tick:g} x"
        parts.append(
            f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{height - 12}" '
            f'stroke="{stroke}"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="{_TOP - 12}" text-anchor="middle">{word}</text>')
    return parts


def _row(claim: Claim, y: float) -> list[str]:
    colour, verdict = (_MET, "met") if claim.met else (_MISSED, "missed")
    ends = sorted(
        _place(reach(end, claim.goal, at_most=claim.at_most)) for end in (claim.low, claim.high)
    )
    label = f"{claim.work} against {claim.against}" if claim.against else claim.work
    sign = "≤" if claim.at_most else "≥"
    figure = f"{number(claim.value)} {claim.unit} ({sign} {number(claim.goal)}), {verdict}"
    spread = f'x1="{ends[0]:.1f}" y1="{y}" x2="{ends[1]:.1f}" y2="{y}"'
    return [
        f'<text x="{_LABELS - 12}" y="{y + 4}" text-anchor="end">{escape(label)}</text>',
        f'<line {spread} stroke="{colour}" stroke-width="3" stroke-opacity="0.4"/>',
        _mark(claim, _place(claim.headroom), y, colour),
        f'<text x="{_LABELS + _PLOT + 16}" y="{y + 4}">{escape(figure)}</text>',
    ]


def _mark(claim: Claim, x: float, y: float, colour: str) -> str:
    if claim.met:
        return f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}"/>'
    return f'<rect x="{x - 5:.1f}" y="{y - 5}" width="10" height="10" fill="{colour}"/>'


def _place(share: float) -> float:
    """Return where a share of the goal stands, on a logarithmic axis that ends at its ends."""
    held = min(max(share, _LEAST), _MOST)
    return _LABELS + _PLOT * math.log(held / _LEAST) / math.log(_MOST / _LEAST)
