"""The few SVG shapes that a chart on paper is made of: exact numbers in, escaped markup out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from zlib import crc32

from markupsafe import Markup

FONT_PX = 10.5
INK, GREY, FAINT, PAPER = "#111", "#666", "#ccc", "#fff"
"""Shades that stay apart on a black-and-white printer."""

Shape = str
Point = tuple[float, float]


def drawing(width: float, height: float, shapes: Iterable[Shape], *, title: str) -> Markup:
    """Return a whole drawing; ``title`` is what a screen reader says of it.

    Its patterns bear names of its own: several drawings stand in one page, where a name counts once.
    """
    body = f"<title>{escape(title)}</title>{_HATCHES}{''.join(shapes)}"
    own = f"{crc32(body.encode()):08x}"
    for name in _PATTERNS:
        body = body.replace(f'id="{name}"', f'id="{name}-{own}"').replace(
            f"url(#{name})", f"url(#{name}-{own})"
        )
    return Markup(  # noqa: S704 - every text in it was escaped where it was put in
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'width="{width:g}" height="{height:g}" font-size="{FONT_PX}" fill="{INK}">{body}</svg>'
    )


def line(a: Point, b: Point, *, ink: str = INK, width: float = 1.0, dash: str = "") -> Shape:
    """Return a straight line; ``dash`` is SVG's pattern of lengths, none is solid."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" '
        f'stroke="{ink}" stroke-width="{width:g}"{dashed}/>'
    )


def polyline(points: Sequence[Point], *, ink: str = INK, width: float = 1.3, dash: str = "") -> Shape:
    """Return a line through points; nothing where there are fewer than two."""
    if len(points) < 2:  # noqa: PLR2004 - two points make a line
        return ""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{ink}" stroke-width="{width:g}"{dashed}/>'


def bar(a: Point, b: Point, *, fill: str = GREY, ink: str = "none", width: float = 1.0) -> Shape:
    """Return a rectangle between two corners in any order; ``fill`` is a shade or :func:`hatch`."""
    (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" '
        f'fill="{fill}" stroke="{ink}" stroke-width="{width:g}"/>'
    )


def circle(at: Point, radius: float, *, fill: str = PAPER, ink: str = INK) -> Shape:
    """Return a circle."""
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:g}" fill="{fill}" stroke="{ink}" '
        'stroke-width="1.2"/>'
    )


def warning_sign(at: Point) -> Shape:
    """Return a filled triangle whose foot stands at ``at``: here a limit is exceeded."""
    x, y = at
    return f'<path d="M{x:.1f} {y - 7:.1f}L{x - 4:.1f} {y:.1f}L{x + 4:.1f} {y:.1f}Z" fill="{INK}"/>'


def text(at: Point, words: str, *, anchor: str = "start", ink: str = INK, turned: bool = False) -> Shape:
    """Return words at a point; ``anchor`` is start, middle or end, ``turned`` reads upwards."""
    turn = f' transform="rotate(-90 {at[0]:.1f} {at[1]:.1f})"' if turned else ""
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" fill="{ink}"{turn}>'
        f"{escape(words)}</text>"
    )


def hatch(number: int) -> str:
    """Return the fill of one of several kinds of bars: dark, hatched, light."""
    return (GREY, "url(#hatched)", "#e4e4e4")[number % 3]


MISSING = "url(#missing)"
"""The fill of stretches without data."""
_PATTERNS = ("hatched", "missing")
_HATCHES = (
    '<defs><pattern id="hatched" width="4" height="4" patternUnits="userSpaceOnUse">'
    f'<rect width="4" height="4" fill="{PAPER}"/><path d="M-1 1L1 -1M0 4L4 0M3 5L5 3" stroke="{INK}" '
    'stroke-width="0.9"/></pattern>'
    '<pattern id="missing" width="7" height="7" patternUnits="userSpaceOnUse">'
    f'<path d="M0 0L7 7" stroke="{FAINT}" stroke-width="1"/></pattern></defs>'
)
