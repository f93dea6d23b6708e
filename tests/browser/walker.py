"""A browser that keeps a picture of every page it was asked to look at, and notes what a visitor should not meet:
errors on the console, refusals by the content security policy, failed requests, requests to other machines,
serious accessibility violations, pages wider than a narrow screen."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, Route

# A window of 320 px, of which a scroll bar may take 15.
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 305, "height": 800}
LEVELS = {"serious", "critical"}
LOCAL = "http://127.0.0.1:"
# The picture is of a page at rest: fonts there, no request on its way, nothing fading in.
AT_REST = """() => document.fonts.status === "loaded" && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")"""
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return null;
  const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > room + 1);
  return wide.slice(0, 5).map(e => e.tagName + "." + e.className).join(", ");
}"""

# A sentence in a column of a few letters is on the page and cannot be read.
SQUEEZED = """() => {
  const own = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
  const thin = e => { const box = e.getBoundingClientRect(); return box.width > 1 && box.width < 100 && box.height > 150; };
  return [...document.querySelectorAll("main *")].filter(e => own(e).length > 40 && thin(e)).slice(0, 3).map(own).join("; ");
}"""

# Words that stick out of their cell are cut off at the edge of the card, or lie on what is beside it.
SPILLED = """() => [...document.querySelectorAll("main .table-cards tbody :is(td, th, td *, th *)")].filter(e => {
  const words = [...e.childNodes].find(n => n.nodeType === 3 && n.data.trim()), box = e.getBoundingClientRect();
  if (!words || box.width <= 1) return false;
  const text = document.createRange(), cell = e.closest("td, th").getBoundingClientRect();
  text.selectNodeContents(words);
  const end = getComputedStyle(e).overflowX === "visible" ? text.getBoundingClientRect().right : box.right;
  return end > cell.right + 1;
}).slice(0, 3).map(e => e.textContent.trim()).join("; ")"""


class Walker:
    def __init__(self, browser: Browser, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []
        self.context = browser.new_context(viewport=WIDE, reduced_motion="reduce", color_scheme="light", locale="en-GB")
        self.context.route("**/*", self._stay_here)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def look(self, name: str, *, dark: bool = False, narrow: bool = False) -> Page:
        """Take the picture ``<name>.png`` and judge the page; also in dark or narrow where asked."""
        self._look(name)
        if dark:
            self.page.emulate_media(color_scheme="dark")
            self._look(f"{name}-dark")
            self.page.emulate_media(color_scheme="light")
        if narrow:
            self.page.set_viewport_size(NARROW)
            self._look(f"{name}-narrow")
            if wide := self.page.evaluate(TOO_WIDE):
                self._note(f"wider than {NARROW['width']} px: {wide}")
            if squeezed := self.page.evaluate(SQUEEZED):
                self._note(f"[{name}] squeezed: {squeezed}")
            if spilled := self.page.evaluate(SPILLED):
                self._note(f"[{name}] sticks out of its cell: {spilled}")
            self.page.set_viewport_size(WIDE)
        return self.page

    def _look(self, name: str) -> None:
        self.page.wait_for_load_state("load")
        self.page.wait_for_function(AT_REST)
        self._picture(name)
        for violation in Axe().run(self.page).response["violations"]:
            if violation["impact"] in LEVELS:
                places = "; ".join(node["html"][:160] for node in violation["nodes"][:4])
                self._note(f"[{name}] axe {violation['id']}: {violation['help']}: {places}")
        if self.page.locator("h1").count() != 1:
            self._note(f"[{name}] has {self.page.locator('h1').count()} main headings")

    def _picture(self, name: str) -> None:
        """Of the whole page, in a window as high: in a lower one, what sticks to its edge would cover the middle."""
        size = self.page.viewport_size or WIDE
        height = self.page.evaluate("document.documentElement.scrollHeight")
        self.page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
        self.page.screenshot(path=self.folder / f"{name}.png", full_page=True)
        self.page.set_viewport_size(size)

    def _note(self, problem: str) -> None:
        self.problems.append(f"{self.page.url}: {problem}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the visitor went on before the answer came: polls do that
            self._note(f"{request.method} {request.url} failed: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.request.method} {response.url} answered {response.status}")

    def _stay_here(self, route: Route) -> None:
        if route.request.url.startswith((LOCAL, "data:")):
            route.continue_()
        else:
            self._note(f"request to another machine: {route.request.url}")
            route.abort()
