"""Radicale and Xandikos, real CardDAV servers, on loopback ports of their own. Nobody's mock: they are as odd as they are."""

import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from integrations.standins import processes

USER, PASSWORD = "demo", "demo pass ü"
MKCOL = """<?xml version="1.0" encoding="utf-8"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><C:addressbook/></resourcetype><displayname>{name}</displayname></prop></set></mkcol>"""


@dataclass
class CardServer:
    """``home`` holds the address books; ``auth`` is None where the server asks for no login."""

    url: str
    home: str
    folder: Path
    books: (
        Path  # a folder of files for each book, below its path: many cards are put and looked at there, which is fast
    )
    imported: Callable[[Path, list[str]], None] = lambda folder, names: (
        None
    )  # tells the server of files put into a book's folder
    auth: tuple[bytes, bytes] | None = None  # bytes: requests would send the password as Latin-1

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.auth = self.auth  # type: ignore[assignment]

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> requests.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(method, self.url + path, data=body.encode(), headers=sent, timeout=60)

    @contextmanager
    def new_book(self) -> Iterator["Book"]:
        """An empty address book, gone after the block."""
        path = f"{self.home}{uuid.uuid4().hex[:8]}/"
        made = self.ask("MKCOL", path, MKCOL.format(name="Tests"), Content_Type="application/xml; charset=utf-8")
        assert made.status_code == 201, made.text
        try:
            yield Book(self, path)
        finally:
            gone = self.ask("DELETE", path)
            assert gone.status_code in (200, 204), gone.text


@dataclass
class Book:
    """One address book as a person's phone sees it: whole cards, put and fetched by path."""

    server: CardServer
    path: str
    made: int = field(default=0)

    def put(self, text: str, path: str = "") -> str:
        """Store a card; its path."""
        self.made += 1
        path = path or f"{self.path}phone-{self.made}.vcf"
        answer = self.server.ask("PUT", path, text, Content_Type="text/vcard; charset=utf-8")
        assert answer.status_code in (200, 201, 204), answer.text
        return path

    def put_many(self, texts: list[str]) -> list[str]:
        """Many cards at one moment, as an import on the server does it; their paths."""
        files = {f"import-{self.made}-{number}.vcf": text for number, text in enumerate(texts)}
        self.made += 1
        for name, text in files.items():
            (self.files / name).write_text(text, encoding="utf-8", newline="")
        self.server.imported(self.files, list(files))
        return [self.path + name for name in files]

    def all(self) -> dict[str, str]:
        """All cards by path."""
        return {self.path + file.name: file.read_text(encoding="utf-8") for file in self.files.glob("*.vcf")}

    @property
    def files(self) -> Path:
        return self.server.books / self.path.strip("/")

    def get(self, path: str) -> str:
        answer = self.server.ask("GET", path)
        assert answer.status_code == 200, path
        answer.encoding = "utf-8"
        return answer.text

    def delete(self, path: str) -> None:
        assert self.server.ask("DELETE", path).status_code in (200, 204)

    def paths(self) -> set[str]:
        body = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
        answer = self.server.ask("PROPFIND", self.path, body, Depth="1", Content_Type="application/xml")
        found = {part.partition("<")[0] for part in answer.text.replace("ns0:", "").split("<href>")[1:]}
        return {path for path in found if path.endswith(".vcf")}


@contextmanager
def radicale(folder: Path) -> Iterator[CardServer]:
    """With a login. Its sync tokens are addresses; a stale one is answered with 403."""
    folder.mkdir(parents=True, exist_ok=True)
    port = processes.free_port()
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n", encoding="utf-8")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\nhtpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder}/collections\n"
        "[logging]\nlevel = error\n"
    )
    command = [sys.executable, "-m", "radicale", "--config", str(folder / "config")]

    books = folder / "collections" / "collection-root"
    server = CardServer(f"http://127.0.0.1:{port}", f"/{USER}/", folder, books, auth=(USER.encode(), PASSWORD.encode()))
    with _running(command, folder, server):
        yield server


@contextmanager
def xandikos(folder: Path) -> Iterator[CardServer]:
    """Without a login. Its sync tokens are hashes; a stale one is answered with 412."""
    folder.mkdir(parents=True, exist_ok=True)
    port = processes.free_port()
    command = [
        sys.executable, "-m", "xandikos.web", "-d", str(folder / "data"), "--defaults",
        "-l", "127.0.0.1", "-p", str(port), "--current-user-principal", f"/{USER}",
    ]  # fmt: skip

    def imported(place: Path, names: list[str]) -> None:
        """Each book is a git repository."""
        from dulwich import porcelain
        from dulwich.repo import Repo

        with Repo(str(place)) as repo:
            porcelain.add(repo, [str(place / name) for name in names])
            porcelain.commit(repo, message=b"import", author=b"a <a@localhost>", committer=b"a <a@localhost>")

    server = CardServer(f"http://127.0.0.1:{port}", f"/{USER}/contacts/", folder, folder / "data", imported)
    with _running(command, folder, server):
        yield server


@contextmanager
def _running(command: list[str], folder: Path, server: CardServer) -> Iterator[None]:
    process = processes.start(command, folder / "log", cwd=folder)
    try:
        processes.wait_for(lambda: server.ask("PROPFIND", "/", Depth="0"), process, folder / "log", seconds=40)
        yield
    finally:
        server.http.close()
        processes.stop(process)
