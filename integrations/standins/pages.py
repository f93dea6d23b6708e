"""Pages for people: plain HTML made on the server, one small stylesheet, no script."""

from html import escape

STYLE = """
:root{color-scheme:light dark;--bg:light-dark(#f5f6f8,#16181d);--card:light-dark(#fff,#1e2128);
--line:light-dark(#d9dde4,#353a45);--text:light-dark(#1f2430,#e6e9ef);--soft:light-dark(#5b6475,#a3abbb);
--accent:light-dark(#b3441c,#ff9a73);--bad:light-dark(#a4122b,#ff8f9f)}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);font:15px/1.45 system-ui,sans-serif}
header,main{max-width:72rem;margin:0 auto;padding:.75rem 1rem}.narrow header,.narrow main{max-width:34rem}
header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap}header a{color:inherit}
header small{color:var(--soft)}h1{font-size:1.35rem;margin:.25rem 0 1rem}a{color:var(--accent)}
.card,form.card,fieldset{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;margin:0 0 1rem}
table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line)}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);font-size:.85rem}.wide{overflow-x:auto}
label{display:block;margin:0 0 .75rem}label span.name{display:block;font-size:.85rem;color:var(--soft)}
input:not([type=radio],[type=checkbox]),select,textarea{width:100%;padding:.4rem .5rem;font:inherit;color:inherit;
background:var(--bg);border:1px solid var(--line);border-radius:.35rem}.choice{display:flex;gap:.6rem;align-items:start}
button,.button{font:inherit;padding:.4rem .9rem;border:1px solid var(--line);border-radius:.35rem;background:var(--card);
color:var(--text);cursor:pointer;text-decoration:none;display:inline-block}
.primary{background:var(--accent);border-color:var(--accent);color:light-dark(#fff,#16181d)}
.actions{display:flex;gap:.6rem;flex-wrap:wrap;align-items:center}.bad{color:var(--bad)}.soft{color:var(--soft)}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:0 1rem}
.search{display:flex;gap:.5rem;margin:0 0 1rem;max-width:34rem}code{font-size:.85rem}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
"""


def page(title: str, body: str, *, narrow: bool = False, nav: str = "", notice: str = "") -> str:
    """A whole page. ``body``, ``nav`` are HTML; ``title`` and ``notice`` are text."""
    return f"""<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body{" class=narrow" if narrow else ""}>
<header>{nav}<small>Local stand-in: no real account, nothing leaves this machine.</small></header>
<main><h1>{escape(title)}</h1>{f"<p class=card role=status>{escape(notice)}</p>" if notice else ""}{body}</main></body></html>"""
