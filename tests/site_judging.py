"""What is wrong with a built site: links that lead nowhere, things loaded from elsewhere, and names that the reference leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADING = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
}
ADDRESS = re.compile(r"^(https?:)?//")


class Page(HTMLParser):
    """The links, anchors and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {given[k] for k in ("id", "name") if given.get(k)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in LOADING and given.get(LOADING[tag]):
            self.loaded.append(given[LOADING[tag]])
        self.loaded += re.findall(r"url\(([^)]*)\)", given.get("style") or "")


def broken_links(site: Path) -> Iterator[str]:
    """Links within the site, of which the page, the file or the anchor is not there."""
    pages = {p.resolve(): Page(p.read_text(encoding="utf-8")) for p in site.rglob("*.html")}
    for place, page in pages.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (place.parent / unquote(parts.path)).resolve() if parts.path else place
            if not target.exists():
                yield f"{place.name}: {link}: no such file"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{place.name}: {link}: no such anchor"


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """What pages and style sheets load over the network."""
    for path in site.rglob("*.html"):
        yield from (f"{path.name}: {address}" for address in Page(path.read_text(encoding="utf-8")).loaded if ADDRESS.match(address))
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]*)", text) + re.findall(r"@import[^;]*?((?:https?:)?//[^;'\")]*)", text)
        yield from (f"{path.name}: {address}" for address in found)
    for path in site.rglob("*.js"):
        found = re.findall(r"(?:import|importScripts)\s*\(?\s*['\"]((?:https?:)?//[^'\"]*)", path.read_text(encoding="utf-8"))
        yield from (f"{path.name}: {address}" for address in found)


def without_entry(text: str, names: Iterable[str]) -> list[str]:
    """Public names that have no section of their own, with what the code says of them and an example that uses them."""
    sections = {s.partition("\n")[0].strip(): s for s in re.split(r"^### ", text, flags=re.M)[1:]}
    return [name for name in names if not _is_entry(sections.get(name, ""), name)]


def _is_entry(section: str, name: str) -> bool:
    examples = re.findall(r"^```python\n(.*?)^```", section, re.S | re.M)
    return f"<!-- made from the code: name {name} -->" in section and any(re.search(rf"\b{name}\b", e) for e in examples)
