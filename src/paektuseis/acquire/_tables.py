"""The two tables of an import: one row for each file, one for each thing that became of samples."""

from __future__ import annotations

from ..tables import Column, Schema

FILES = Schema(
    "import_files",
    (
        Column("file", "text", "", "Name below the folder that was read"),
        Column("bytes", "int", "bytes", "Size; 0 for another name of a file that has a row"),
        Column("sha256", "text", "", "Digest of what the file holds, empty where it was not read"),
        Column("format", "text", "", "Format named by the content"),
        Column(
            "outcome", "text", "", "imported, known, duplicate, conflict, refused, unreadable, …"
        ),
        Column("data_bytes", "int", "bytes", "Bytes of which samples came"),
        Column("other_bytes", "int", "bytes", "All other bytes; together they are the size"),
        Column("samples", "int", "samples", "Samples read: the sum of the next five"),
        Column("new", "int", "samples", "Written to the archive"),
        Column("known", "int", "samples", "In the archive already, equal"),
        Column("duplicate", "int", "samples", "Equal to samples of another file of this import"),
        Column("conflict", "int", "samples", "Different from what is kept for the same time"),
        Column("refused", "int", "samples", "Not written for a reason the row tells"),
        Column("day_files", "int", "files", "Day files its samples belong to"),
        Column("reason", "text", "", "Why, with the place in the file where there is one"),
    ),
)
FETCHED = Schema(
    "fetched_days",
    (
        Column("trace_id", "text", "", "NET.STA.LOC.CHA"),
        Column("day", "time", "UTC", "Midnight"),
        Column("outcome", "text", "", "complete, partial, no data, failed, or edge (of records)"),
        Column("new", "int", "samples", "Written to the archive"),
        Column("conflict", "int", "samples", "Different from what the archive holds; not written"),
        Column("missing", "float", "s", "Of the span asked for, not in the archive"),
    ),
)
PARTS = Schema(
    "import_parts",
    (
        Column("file", "text", "", "Name below the folder that was read"),
        Column("source_id", "text", "", "NET.STA.LOC.CHA as the file has it"),
        Column("trace_id", "text", "", "NET.STA.LOC.CHA in the archive"),
        Column("day_file", "text", "", "Name below the root of the archive"),
        Column("outcome", "text", "", "new, known, duplicate, conflict or refused"),
        Column("samples", "int", "samples", "How many"),
        Column("starttime", "time", "UTC", "First of them"),
        Column("endtime", "time", "UTC", "Last of them"),
        Column("reason", "text", "", "Whose samples are kept instead, or why none"),
    ),
)
