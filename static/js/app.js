// The few behaviours that HTML alone lacks. Pages work without this file; it adds comfort.
//   data-opens="id"        a button that opens the <dialog> of that id
//   data-close             closes the dialog or panel it stands in (a link keeps its href for pages without script)
//   data-copy="text"       copies the text
//   data-submit            a select or checkbox that submits its form when it changes
//   data-refreshes         a part that asks for itself from time to time: it waits while the reader is in it
//   hx-target="#panel"     or "#dialog": the fragment opens beside or over the page
"use strict";

const byId = (id) => document.getElementById(id);

// ---- the reader's time zone: the server writes times in it from the next page on -----------------------------------
{
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`tz=${zone}`)) {
    document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
  }
}

// ---- telling: #spoken is read out politely, #alert interrupts and shows --------------------------------------------
function say(text) {
  const region = byId("spoken");
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);  // the same text twice is a change too
}

function warn(text) {
  const note = document.createElement("div");
  note.className = "note";
  note.dataset.s = "failed";
  note.textContent = text;
  byId("alert").replaceChildren(note);
  setTimeout(() => note.remove(), 12000);
}

addEventListener("DOMContentLoaded", () => {
  const told = [...document.querySelectorAll(".messages .note")].map((note) => note.textContent.trim());
  if (told.length) say(told.join(" "));
});

// ---- clicks ----------------------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-opens], [data-close], [data-copy]");
  if (!target) return;
  if (target.dataset.opens) {
    byId(target.dataset.opens)?.showModal();
  } else if (target.dataset.copy !== undefined) {
    navigator.clipboard.writeText(target.dataset.copy).then(() => say(target.dataset.copied || "Copied"));
  } else {
    const dialog = target.closest("dialog");
    if (!dialog) return;  // a page of its own: the link leads back
    dialog.close();
  }
  event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// A click on the backdrop closes: it lands on the dialog itself, outside its box.
document.addEventListener("mousedown", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement)) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) dialog.close();
});

// ---- menus: placed under their button, kept inside the window -----------------------------------------------------
document.addEventListener("toggle", (event) => {
  const list = event.target;
  if (event.newState !== "open" || !list.matches(".menu-list")) return;
  const button = document.querySelector(`[popovertarget="${CSS.escape(list.id)}"]`).getBoundingClientRect();
  const top = button.bottom + list.offsetHeight + 8 > innerHeight ? Math.max(8, button.top - list.offsetHeight - 4) : button.bottom + 4;
  list.dataset.placed = "";
  list.style.top = `${top}px`;
  list.style.left = `${Math.max(8, Math.min(button.left, innerWidth - list.offsetWidth - 8))}px`;
}, true);

// ---- htmx ---------------------------------------------------------------------------------------------------------------
document.addEventListener("htmx:afterSettle", (event) => {
  const dialog = event.target;
  if (dialog instanceof HTMLDialogElement && dialog.childElementCount && !dialog.open) dialog.showModal();
});

// A refresh would close the open menu and take the focus away; in a hidden tab nobody sees it.
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.detail.elt;
  if (!part.matches("[data-refreshes]")) return;
  if (document.hidden || part.contains(document.activeElement) || part.querySelector(":popover-open")) event.preventDefault();
});

// An event named "close-dialog" (HX-Trigger header) closes what a form stood in.
document.addEventListener("close-dialog", () => {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
});

// What was changed in a form while an answer to an earlier change was on its way must not be drawn over: the next save, which
// waits for that answer, sends the form as it is.
const changes = new WeakMap();
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form) changes.set(form, (changes.get(form) || 0) + 1);
}, true);
document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.requestConfig.changes = changes.get(event.detail.elt);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig.elt;
  if (form.id === "wizard" && event.detail.requestConfig.changes !== changes.get(form)) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:responseError", (event) => {
  const words = byId("alert").dataset;
  warn(event.detail.xhr.status === 403 ? words.refused : words.failed);
});
document.addEventListener("htmx:sendError", () => warn(byId("alert").dataset.offline));

// Swapped-out focus would fall to the top of the page: give it to the new part's heading.
document.addEventListener("htmx:afterSwap", (event) => {
  if (document.activeElement && document.activeElement !== document.body) return;
  const heading = event.target.querySelector?.("[tabindex='-1']");
  heading?.focus({ preventScroll: true });
});
