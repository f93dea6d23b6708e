"""Record ids: three characters say the kind, twelve the record, three more make it safe where case is lost."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def made(prefix: str, org: int, number: int) -> str:
    """The 18-character id of record ``number`` of a kind; ``org`` keeps the ids of two orgs apart."""
    tail = ""
    while number:
        number, digit = divmod(number, 62)
        tail = ALPHABET[digit] + tail
    return full(f"{prefix}5{ALPHABET[10 + org]}0000{tail.rjust(15 - len(prefix) - 6, '0')}")


def full(id: str) -> str:
    """The 18-character form; "" for what is no id. The last three letters say which of the others are capitals."""
    if len(id) not in (15, 18) or not (id.isalnum() and id.isascii()):
        return ""
    body = id[:15]
    if len(id) == 18:
        body = _cased(body, id[15:].upper())
    return body + _check(body)


def _check(body: str) -> str:
    found = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, sign in enumerate(body[start : start + 5]) if "A" <= sign <= "Z")
        found += CHECK[bits]
    return found


def _cased(body: str, check: str) -> str:
    """``body`` in the case that the check letters remember; as it is where they are none."""
    if any(sign not in CHECK for sign in check):
        return body
    signs = []
    for place, sign in enumerate(body):
        capital = CHECK.index(check[place // 5]) >> (place % 5) & 1
        signs.append(sign.upper() if capital else sign.lower())
    return "".join(signs)
