"""Writes the container of Outlook's and old Office's files, so that tests can fill it with anything."""

import struct

SECTOR, MINI, CUTOFF = 512, 64, 4096
END, FREE, FAT, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
MAGIC = bytes.fromhex("D0CF11E0A1B11AE1")


def compound_file(tree):
    """`tree` maps names to bytes (a stream) or to another tree (a storage)."""
    entries = [["Root Entry", 5, b"", NONE, NONE]]  # name, type, content, next sibling, first child
    _add(entries, 0, tree)
    small = b"".join(
        _padded(content, MINI) for _, kind, content, _, _ in entries if kind == 2 and len(content) < CUTOFF
    )
    chains, sectors, mini_chains, mini_at = [], b"", [], 0
    places = []

    def put(content):
        nonlocal sectors
        if not content:
            return END
        start, count = len(chains), -(-len(content) // SECTOR)
        chains.extend([*range(start + 1, start + count), END])
        sectors += _padded(content, SECTOR)
        return start

    for _, kind, content, _, _ in entries:
        if kind == 2 and len(content) < CUTOFF:
            count = -(-len(content) // MINI)
            places.append(mini_at if content else END)
            mini_chains.extend([*range(mini_at + 1, mini_at + count), END] if content else [])
            mini_at += count
        else:
            places.append(put(content) if kind == 2 else 0)
    places[0] = put(small)
    directory = b"".join(
        _entry(name, kind, sibling, child, place, len(small) if kind == 5 else len(content))
        for (name, kind, content, sibling, child), place in zip(entries, places, strict=True)
    )
    directory_at = put(_padded(directory, SECTOR))
    mini_table = struct.pack(f"<{len(mini_chains)}I", *mini_chains)
    mini_table_at = put(_padded(mini_table, SECTOR, b"\xff"))
    tables = 1
    while tables * (SECTOR // 4) < len(chains) + tables:
        tables += 1
    table_at = len(chains)
    chains += [FAT] * tables
    chains += [FREE] * (tables * (SECTOR // 4) - len(chains))
    head = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII",
        MAGIC, b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, tables, directory_at, 0, CUTOFF, mini_table_at,
        -(-len(mini_table) // SECTOR), END, 0, table_at,
    )  # fmt: skip
    head += struct.pack(f"<{tables - 1}I", *range(table_at + 1, table_at + tables))
    return _padded(head, SECTOR, b"\xff") + sectors + struct.pack(f"<{len(chains)}I", *chains)


def _add(entries, parent, tree):
    before = None
    for name, content in tree.items():
        number = len(entries)
        is_stream = isinstance(content, bytes)
        entries.append([name, 2 if is_stream else 1, content if is_stream else b"", NONE, NONE])
        if before is None:
            entries[parent][4] = number
        else:
            entries[before][3] = number
        before = number
        if not is_stream:
            _add(entries, number, content)


def _entry(name, kind, sibling, child, place, size):
    letters = name.encode("utf-16-le")[:62]
    return struct.pack(
        "<64sHBBIII16sIQQIQ", letters, len(letters) + 2, kind, 1, NONE, sibling, child, b"", 0, 0, 0, place, size
    )


def _padded(content, size, fill=b"\x00"):
    return content + fill * (-len(content) % size)


# --- Outlook ----------------------------------------------------------------------------------------------------------

STRING, BINARY = 0x001F, 0x0102
CLASS, SUBJECT, SENDER_NAME, SENDER_EMAIL, BODY, HTML, HEADERS = 0x001A, 0x0037, 0x0C1A, 0x0C1F, 0x1000, 0x1013, 0x007D
NAME, CONTENT, METHOD = 0x3707, 0x3701, 0x3705


def outlook_mail(
    subject="Registration confirmation: Tech Talk", body="", *, html=b"", files=(), kind="IPM.Note", **more
):
    """A mail as Outlook saves it; `files` are names and contents."""
    strings = {CLASS: kind, SUBJECT: subject, SENDER_NAME: "Ada", SENDER_EMAIL: "ada@example.com", BODY: body, **more}
    tree = _with_properties(strings, {HTML: html} if html else {}, header=32)
    for number, (name, content) in enumerate(files):
        tree[f"__attach_version1.0_#{number:08X}"] = (
            _with_properties({NAME: name}, {CONTENT: content}, header=8)
            if isinstance(content, bytes)
            else {**_with_properties({NAME: name}, {}, header=8), "__substg1.0_3701000D": content}
        )
    return compound_file(tree)


def inner_mail(subject, body):
    """A mail that is forwarded inside another one, as content of a file."""
    return _with_properties({SUBJECT: subject, BODY: body, SENDER_NAME: "Grace"}, {}, header=24)


def _with_properties(strings, binaries, *, header):
    streams, table = {}, b"\x00" * header
    for kind, values in ((STRING, strings), (BINARY, binaries)):
        for number, value in values.items():
            content = value if isinstance(value, bytes) else value.encode("utf-16-le")
            streams[f"__substg1.0_{number:04X}{kind:04X}"] = content
            table += struct.pack("<HHIII", kind, number, 6, len(content), 0)
    return {"__properties_version1.0": table, **streams}
