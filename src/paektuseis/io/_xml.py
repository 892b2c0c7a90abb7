"""XML from outside: checked before a parser that might follow its instructions sees it."""

from __future__ import annotations

from pathlib import Path

from lxml import etree  # type: ignore[import-untyped]

from ..errors import PaektuseisError
from ._foreign import safe_text

MAX_XML = 200 * 1024**2
MAX_DEPTH = 200


def check_xml(data: bytes, path: Path, error: type[PaektuseisError]) -> str:
    """Return the name of the root element (without namespace) of an XML document.

    Refuses document type declarations (entities can read files or fill memory), documents
    above 200 MB or deeper than 200 elements, and anything not well formed, with the line.
    """
    if len(data) > MAX_XML:
        raise error(f"{path}: {len(data)} bytes of XML, more than the limit of {MAX_XML}")
    if any(mark in data for mark in _doctypes()):
        raise error(f"{path}: holds a <!DOCTYPE (DTD), which is not allowed; remove it")
    target = _Depth()
    parser = etree.XMLParser(
        target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        parser.feed(data)
        parser.close()
    except etree.XMLSyntaxError as fault:
        raise error(f"{path}: not well-formed XML: {safe_text(str(fault.msg))[:200]}") from fault
    if target.deepest > MAX_DEPTH:
        raise error(f"{path}: XML nested {target.deepest} deep, more than {MAX_DEPTH}")
    return target.root


def _doctypes() -> list[bytes]:
    words = ["<!DOCTYPE", "<!doctype", "<!ENTITY"]
    return [w.encode(code) for w in words for code in ("ascii", "utf-16-le", "utf-16-be")]


class _Depth:
    """Parser target that only counts."""

    def __init__(self) -> None:
        self.root = ""
        self.depth = self.deepest = 0

    def start(self, tag: str, attributes: object) -> None:
        self.root = self.root or etree.QName(tag).localname
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)

    def end(self, tag: str) -> None:
        self.depth -= 1

    def close(self) -> None:
        return None


def looks_like_xml(data: bytes) -> bool:
    """Whether bytes begin as an XML document does (UTF-8 or UTF-16, BOM allowed)."""
    head = data[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return head.startswith(b"<")
