"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .scheme import Issue, Scheme, Severity, Verdict, normalize, verdict

__all__ = ["MISTYPED_DOMAINS", "Email"]

_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f\ud800-\udfff]{1,64}\Z")
# Source: RFC 3490 section 3.1: what separates labels as a full stop does.
_DOTS = re.compile("[\u3002\uff0e\uff61]")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_RESERVED = frozenset({"example.com", "example.net", "example.org"})
# Source: RFC 2606 and RFC 6761.
_RESERVED_TOP = frozenset({"example", "test", "invalid", "localhost"})
MISTYPED_DOMAINS: Mapping[str, str] = {
    "qq.con": "qq.com", "qq.cm": "qq.com", "qq.co": "qq.com", "qq.om": "qq.com", "163.cm": "163.com", "163.con": "163.com", "163.co": "163.com",
    "126.con": "126.com", "126.cm": "126.com", "gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmail.con": "gmail.com",
    "gmail.cn": "gmail.com", "hotmial.com": "hotmail.com", "hotmail.con": "hotmail.com", "sina.con": "sina.com", "sina.cm": "sina.com",
    "foxmial.com": "foxmail.com", "outlok.com": "outlook.com",
}  # fmt: skip
"""Domains that are evident typing errors, and what was meant."""


class Email(Scheme):
    """
    E-mail addresses without quoted local parts: full-width forms folded, the domain in lower case.

    Whether the mailbox exists is not asked. A reserved domain, or one that looks mistyped, is a warning.

    Source: RFC 5321 sections 4.1.2 and 4.5.3.1, RFC 5891 (international domains), RFC 6761 (reserved ones).
    """

    name = "email"
    source = "RFC 5321, RFC 5891, RFC 6761"

    def __init__(self, *, accepted_domains: tuple[str, ...] = ()) -> None:
        self._accepted = frozenset(accepted_domains)

    def validate(self, text: str) -> Verdict:
        address = normalize(text)
        if address is None:
            return verdict(self.name, "", [Issue("length")])
        if address.count("@") != 1:
            return verdict(self.name, address, [Issue("at_sign")])
        local, domain = address.split("@")
        issues: list[Issue] = []
        if not _LOCAL.match(local) or local.startswith(".") or local.endswith(".") or ".." in local:
            issues.append(Issue("local_part", Severity.ERROR, 0))
        domain = _DOTS.sub(".", domain.lower())
        ascii_domain = _ascii(domain)
        labels = ascii_domain.split(".")
        if len(ascii_domain) > 253 or len(labels) < 2 or not all(map(_LABEL.match, labels)) or labels[-1].isdigit():
            issues.append(Issue("domain", Severity.ERROR, len(local) + 1))
        elif domain in MISTYPED_DOMAINS:
            issues.append(Issue("domain_typo", Severity.WARNING, len(local) + 1))
        elif (domain in _RESERVED or labels[-1] in _RESERVED_TOP) and domain not in self._accepted:
            issues.append(Issue("reserved_domain", Severity.WARNING, len(local) + 1))
        return verdict(self.name, f"{local}@{domain}", issues)


def _ascii(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
