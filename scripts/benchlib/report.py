# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures for people: aligned text, and a bar chart."""

import statistics
from html import escape


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def figure(value):
    """Three significant digits, or all before the point; a dash for what could not be measured."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    return f"{value:,.{min(digits, 2) if abs(value) >= 1 else digits}f}"


def table(headers, rows):
    """Columns as wide as they need to be, the first to the left, the others to the right."""
    lines = [*headers, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for number, line in enumerate(lines):
        cells = [cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
        text.append("  ".join(cells).rstrip())
        if number == len(headers) - 1:
            text.append("  ".join("─" * w for w in widths))
    return "\n".join(text)


STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
  .title { font-size: 17px; font-weight: 600 }
  .panel { font-size: 13px; font-weight: 600 }
  .note { font-size: 11px; font-weight: 400; fill: #6e7781 }
  .bar { fill: #b6c2cf }
  .own { fill: #1a7f5a }
  .self { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #8b949e } .bar { fill: #4b5662 } .own { fill: #3fb68b }
  }
"""
LEFT, BAR, RIGHT, ROW, GAP = 128, 250, 82, 22, 46


def chart(title, subtitle, panels):
    """An SVG of bar charts, two beside each other. `panels` is a list of (heading, remark, [(name, value, text)]);
    each panel has a scale of its own, from zero, and wggw stands out."""
    width = 2 * (LEFT + BAR + RIGHT)
    columns = [panels[0::2], panels[1::2]]
    body, height = [], 0
    for column, stack in enumerate(columns):
        y = 78
        for heading, remark, bars in stack:
            body += _panel(column * (LEFT + BAR + RIGHT), y, heading, remark, bars)
            y += GAP + ROW * len(bars)
        height = max(height, y)
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title, True)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="20" y="30">{escape(title)}</text>',
        f'<text class="note" x="20" y="50">{escape(subtitle)}</text>',
        *body, "</svg>", ""])


def _panel(x, y, heading, remark, bars):
    longest = max((value for _, value, _ in bars if value), default=1)
    yield f'<text class="panel" x="{x + 20}" y="{y + 10}">{escape(heading)}'
    yield f'<tspan class="note" dx="8">{escape(remark)}</tspan></text>'
    for row, (name, value, text) in enumerate(bars):
        top = y + 22 + row * ROW
        length = max(2, round(BAR * value / longest)) if value else 0
        mark = ' class="self"' if name == "wggw" else ""
        yield f'<text{mark} x="{x + LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(name)}</text>'
        yield (f'<rect class="{"own" if name == "wggw" else "bar"}" x="{x + LEFT}" y="{top}" '
               f'width="{length}" height="16" rx="2"/>')
        yield f'<text{mark} x="{x + LEFT + length + 6}" y="{top + 12}">{escape(text)}</text>'
