"""XML from outside: checked before a parser that might follow its instructions sees it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from ..errors import PaektuseisError
from ._foreign import safe_text

MAX_XML = 200 * 1024**2
MAX_DEPTH = 200
_STEP = 1 << 18
_PROLOG = 1 << 20
_DECLARATION = re.compile(r"\s*<\?xml(\s[^?]*)\?>")
_STATED = re.compile(rb"^\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TRUSTED = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|euc_kr|gb2312|gbk|shift_jis")


def looks_like_xml(data: bytes) -> bool:
    """Whether bytes begin as an XML document does (UTF-8 or UTF-16, BOM allowed)."""
    head = data[: 1 << 16].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return head.startswith(b"<")


class XmlParts:
    """An XML document taken apart: iterating gives each ``part`` element as it is complete.

    The bytes are decoded by their true encoding, whatever they state; a document type
    declaration (entities can read files or fill memory) is refused before any parser sees it,
    as are documents above 200 MB, elements nested deeper than 200, and anything not well
    formed, with the line. A part is emptied when the next is asked for; ``root`` holds the rest
    (nothing, if no part is named: the document is only checked).

    ``notes`` says what was odd about the encoding.
    """

    def __init__(
        self, data: bytes, path: Path, error: type[PaektuseisError], part: str | None = None
    ) -> None:
        if len(data) > MAX_XML:
            raise error(f"{path}: {len(data)} bytes of XML, more than the limit of {MAX_XML}")
        self.path, self.error, self.part = path, error, part
        self.notes: list[str] = []
        self.root: Any = None
        self._data = data
        self._encoding, self._skip = self._found_encoding()

    def __iter__(self) -> Iterator[Any]:
        parser = etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        done: list[Any] = []
        try:
            for text in self.texts():
                parser.feed(text.encode("utf-8"))
                yield from self._finished(parser, done)
            parser.close()
        except etree.XMLSyntaxError as fault:
            raise broken_xml(self.path, self.error, fault) from fault
        yield from self._finished(parser, done)
        for element in done:
            element.getparent().remove(element)

    def _finished(self, parser: Any, done: list[Any]) -> Iterator[Any]:
        for what, element in parser.read_events():
            if what == "start":
                if self.root is None:
                    self.root, self._depth = element, 0
                self._depth += 1
                if self._depth > MAX_DEPTH:
                    raise self.error(
                        f"{self.path}: line {element.sourceline}: XML nested more than "
                        f"{MAX_DEPTH} deep"
                    )
                continue
            self._depth -= 1
            if self.part is None:
                element.clear()
            elif local_name(element) == self.part and element is not self.root:
                yield element
                element.clear()  # taken out at the end: the parser still holds its place
                done.append(element)

    def utf8(self) -> bytes:
        """Return the whole document in UTF-8, after it has been checked."""
        for _ in self:
            pass
        return "".join(self.texts()).encode("utf-8")

    def _found_encoding(self) -> tuple[str, int]:
        """Return the codec the bytes are in, and the length of their byte order mark."""
        head = self._data[:1024]
        for mark, name in _MARKS:
            if head.startswith(mark):
                if name == "utf-32":
                    raise self.error(
                        f"{self.path}: XML in UTF-32, which is not read; save as UTF-8"
                    )
                stated = _stated(head[len(mark) :].replace(b"\0", b""))
                family = "utf-16" if name.startswith("utf-16") else name
                if stated and _codec(stated) not in (name, family):
                    self.notes.append(f"states the encoding {stated}, but its mark says {family}")
                return name, len(mark)
        if len(head) > 1 and 0 in head[:2]:  # no mark, but every other byte is zero
            return ("utf-16-le" if head[1] == 0 else "utf-16-be"), 0
        stated = _stated(head) or "utf-8"
        codec = _codec(stated)
        if codec is None or not _TRUSTED.fullmatch(codec):
            raise self.error(
                f"{self.path}: XML that states the encoding {safe_text(stated)!r}, which is not "
                "accepted; save it as UTF-8"
            )
        return codec, 0

    def texts(self) -> Iterator[str]:
        """Yield the text without its declaration, the first piece holding the whole prolog."""
        decoder = codecs.getincrementaldecoder(self._encoding)("strict")
        view = memoryview(self._data)[self._skip :]
        first = True
        for at in range(0, max(len(view), 1), _PROLOG):
            step = view[at : at + _PROLOG]
            try:
                text = decoder.decode(bytes(step), at + _PROLOG >= len(view))
            except UnicodeDecodeError as fault:
                place = at + self._skip + fault.start
                line = self._data.count(b"\n", 0, place) + 1
                raise self.error(
                    f"{self.path}: line {line}: bytes that are not {self._encoding}, the "
                    f"encoding of this XML (at byte {place})"
                ) from fault
            if first:
                text = self._without_prolog(text)
                first = False
            for begin in range(0, len(text), _STEP):
                yield text[begin : begin + _STEP]

    def _without_prolog(self, text: str) -> str:
        """Return the text with its declaration blanked; refuse a DTD before the root element."""
        found = _DECLARATION.match(text)
        if found:
            text = "\n" * found.group().count("\n") + text[found.end() :]
        at = 0
        while True:
            rest = text[at : at + 200].lstrip()
            at += len(text[at : at + 200]) - len(rest)
            if not rest:
                if at >= len(text):
                    raise self.error(
                        f"{self.path}: not well-formed XML: no element in its first "
                        f"{len(text)} characters"
                    )
            elif rest.startswith("<!--"):
                at = self._after(text, "-->", at + 4)
            elif rest.startswith("<?"):
                at = self._after(text, "?>", at + 2)
            elif rest.startswith("<!"):
                raise self.error(
                    f"{self.path}: holds a <!DOCTYPE (DTD), which is not allowed; remove it"
                )
            else:
                return text

    def _after(self, text: str, mark: str, at: int) -> int:
        end = text.find(mark, at)
        if end < 0:
            raise self.error(
                f"{self.path}: not well-formed XML: no {mark!r} in the first {len(text)} characters"
            )
        return end + len(mark)


def _stated(head: bytes) -> str | None:
    found = _STATED.match(head)
    return found.group(1).decode("latin-1") if found else None


def _codec(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return None


def root_name(data: bytes, path: Path, error: type[PaektuseisError]) -> str:
    """Return the local name of the root element, from the beginning of a document alone."""
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for text in XmlParts(data, path, error).texts():
            parser.feed(text.encode("utf-8", "surrogatepass"))
            for _, element in parser.read_events():
                return local_name(element)
        parser.close()
    except etree.XMLSyntaxError as fault:
        raise broken_xml(path, error, fault) from fault
    raise error(f"{path}: not well-formed XML: no element")


def broken_xml(path: Path, error: type[PaektuseisError], fault: Exception) -> PaektuseisError:
    """Return the error for a document that is not well formed."""
    return error(f"{path}: not well-formed XML: {safe_text(str(fault))[:200]}")


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace; nothing for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace_of(element: Any) -> str:
    """Return the namespace of an element, or an empty text."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""
