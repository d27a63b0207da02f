"""Self-contained pages: one file, no script, nothing fetched, light and dark."""

from collections.abc import Sequence
from html import escape

__all__ = ["page", "paragraphs", "table"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: light-dark(#1c1e21, #eceef0); background: light-dark(#fbfbfa, #15171a); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.2rem 0.9rem 0.2rem 0; vertical-align: top;
  border-bottom: 1px solid light-dark(#d9dce0, #3a3f46); }
tr.best td { font-weight: 600; }
svg { max-width: 100%; height: auto; display: block; margin: 0.8rem 0; }
figure { margin: 0; overflow-x: auto; } pre { white-space: pre-wrap; }
"""


def page(title: str, body: Sequence[str]) -> str:
    """The document around parts that are HTML already; `title` is text."""
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    )
    return "\n".join([head, f"<h1>{escape(title)}</h1>", *body, "</body>", "</html>", ""])


def paragraphs(texts: Sequence[str]) -> str:
    """Sentences, each a line of its own."""
    return "<p>" + "<br>\n".join(escape(each) for each in texts) + "</p>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], best: int | None = None) -> str:
    """A table of texts; row `best` is marked."""
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    lines = [f"<table><thead><tr>{head}</tr></thead><tbody>"]
    for number, row in enumerate(rows):
        mark = ' class="best"' if number == best else ""
        lines.append(f"<tr{mark}>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>")
    return "\n".join([*lines, "</tbody></table>"])
