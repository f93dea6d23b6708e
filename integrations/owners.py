"""Whom records can belong to, by e-mail address: outside a connector an owner is an address, since ids mean nothing elsewhere."""

from dataclasses import dataclass, field

from integrations.records import Option


@dataclass(slots=True)
class Addresses:
    """Active users by address, in lower case. An address that several of them share names nobody: any could be the wrong one."""

    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)

    def add(self, address: str, id: str, name: str = "") -> None:
        """A user without an address is left out."""
        if not address or address in self.shared:
            return
        if self.ids.setdefault(address, id) == id:
            self.names[address] = name or address
            return
        self.shared.add(address)
        del self.ids[address], self.names[address]

    def options(self) -> tuple[Option, ...]:
        """As choices: address and name, by name."""
        found = (Option(address, name) for address, name in self.names.items())
        return tuple(sorted(found, key=lambda option: option.label.casefold()))
