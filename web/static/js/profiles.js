// Opening a profile beside the list: the list keeps its scroll and focus, arrows walk the results, 'back' works.
import { announce } from "./messages.js";
import { isNarrow } from "./screen.js";

const WAIT_MS = 140;
const scrolls = new Map();
let timer = 0;
let toProfile = false;

const list = () => document.getElementById("resultaten");
const rows = () => [...document.querySelectorAll("a[data-profile]")];

function open(link) {
  return window.htmx.ajax("GET", link.getAttribute("href"), {
    source: link,
    target: "#profiel",
    swap: "innerHTML show:none",
  });
}

function pick(id) {
  for (const row of document.querySelectorAll(".row")) {
    const here = row.id === `rij-${id}`;
    row.classList.toggle("row--picked", here);
    const link = row.querySelector("a[data-profile]");
    if (here) {
      link.setAttribute("aria-current", "true");
      row.scrollIntoView({ block: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

const focusName = () => document.getElementById("naam")?.focus();
const pickedRow = () => (isNarrow() ? null : document.querySelector("a[data-profile][aria-current]"));

// From the row to the profile and back, without all that lies between.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-to-profile], a[data-to-list]");
  if (!link) return;
  event.preventDefault();
  if ("toProfile" in link.dataset) focusName();
  else pickedRow()?.focus();
});

// The search form and the links that clear something say which profile is open, so that it stays open while that
// person is still found.
function keepOpen(id) {
  const field = document.getElementById("open-kandidaat");
  field.value = id;
  field.disabled = false;
  for (const link of document.querySelectorAll("a[data-keep]")) {
    const address = new URL(link.href);
    address.searchParams.set("open", id);
    link.href = address;
  }
}

// htmx remembers the address that a link began with.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.matches("a[data-keep]")) event.detail.path = event.detail.elt.getAttribute("href");
});

const plain = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-profile], a[data-walk]");
  if (!link || !plain(event) || !list()) return;
  if (isNarrow()) {
    // The browser's own 'back' then leads to the row that was left.
    const row = link.closest(".row");
    if (row) window.history.replaceState(window.history.state, "", `#${row.id}`);
    return;
  }
  // At the end of a page 'Volgende' leads to the next page of the list: an ordinary link.
  if (link.dataset.walk && !/\/\d+(\?|$)/.test(link.getAttribute("href"))) return;
  event.preventDefault();
  event.stopPropagation();
  clearTimeout(timer);
  open(link);
}, true);

document.addEventListener("keydown", (event) => {
  if (!plain(event) || !list() && !document.querySelector(".profile")) return;
  const target = event.target;
  if (target.matches("a[data-profile]") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const all = rows();
    const next = all[all.indexOf(target) + (event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    if (!next) return;
    next.focus({ preventScroll: true });
    next.closest(".row").scrollIntoView({ block: "nearest" });
    clearTimeout(timer);
    if (!isNarrow()) timer = setTimeout(open, WAIT_MS, next);
    return;
  }
  if (target.matches("a[data-profile]") && event.key === "ArrowRight" && !isNarrow()) {
    event.preventDefault();
    if (target.hasAttribute("aria-current")) {
      focusName();
    } else {
      toProfile = true;
      clearTimeout(timer);
      open(target);
    }
    return;
  }
  if (event.key === "Escape" && target.closest("#profiel") && !target.closest("details.pick-showcase[open]") && pickedRow()) {
    pickedRow().focus();
    return;
  }
  if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && target.closest("#profiel") && !target.matches("input, select, textarea")) {
    const link = document.getElementById(event.key === "ArrowLeft" ? "vorige" : "volgende");
    if (link) {
      event.preventDefault();
      link.focus({ preventScroll: true });
      link.click();
    }
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "profiel") return;
  const profile = document.querySelector("#profiel .profile");
  if (!profile) return;
  document.getElementById("app").classList.add("app--opened");
  document.getElementById("profiel").scrollTop = 0;
  document.getElementById("melding")?.replaceChildren(...document.querySelectorAll("#melding .understood"));
  pick(profile.dataset.profileId);
  keepOpen(profile.dataset.profileId);
  announce(profile.dataset.opened);
  document.title = `${profile.dataset.profileName} · HalloWerk`;
});

// 'Volgende' at the end of the results is no link any more: the name takes the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "profiel" && (toProfile || document.activeElement === document.body)) {
    document.getElementById("naam")?.focus({ preventScroll: true });
    toProfile = false;
  }
  if (event.detail.target.id === "app" && document.activeElement === document.body) {
    (document.getElementById("wat") ?? document.getElementById("inhoud"))?.focus({ preventScroll: true });
  }
});

document.addEventListener("scroll", (event) => {
  if (event.target === list()) scrolls.set(window.location.href, list().scrollTop);
}, true);
document.addEventListener("htmx:pushedIntoHistory", () => list() && scrolls.set(window.location.href, list().scrollTop));
document.addEventListener("htmx:historyRestore", () => {
  if (list()) list().scrollTop = scrolls.get(window.location.href) ?? 0;
});

document.querySelector(".row--picked")?.scrollIntoView({ block: "nearest" });
