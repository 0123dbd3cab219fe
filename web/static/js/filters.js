// Filters act at once; the row of categories scrolls with arrows and keeps its place when the page is renewed.
import { isFolded, isNarrow } from "./screen.js";
import { searchForm } from "./search.js";

const kept = new Map();
let chose = false;
let wasOpen = "";
let unfolded = [];

const openCategory = () => document.querySelector('.cat[aria-expanded="true"]')?.dataset.category ?? "";

function toggle(button) {
  if (!button) return;
  const filters = document.getElementById("filters");
  const opening = button.getAttribute("aria-expanded") !== "true" || "chosen" in filters.dataset;
  delete filters.dataset.chosen;
  for (const other of filters.querySelectorAll(".cat")) {
    const open = opening && other === button;
    other.setAttribute("aria-expanded", String(open));
    other.value = open ? "-" : other.dataset.category;
    document.getElementById(other.getAttribute("aria-controls")).toggleAttribute("data-folded", !open);
  }
  const field = document.getElementById("open-categorie");
  field.disabled = !opening;
  field.value = opening ? button.dataset.category : "";
}

// Below 1280 px the options fold after a choice, so that the list keeps its room.
function fold() {
  document.getElementById("filters")?.setAttribute("data-chosen", "");
  const open = document.querySelector('.cat[aria-expanded="true"]');
  open?.setAttribute("aria-expanded", "false");
  open?.focus({ preventScroll: true });
}

function arrows() {
  const row = document.querySelector(".cats__row");
  if (!row) return;
  const more = row.scrollWidth > row.clientWidth + 1;
  for (const arrow of document.querySelectorAll(".cats__arrow")) {
    arrow.hidden = !more;
    const atEnd = arrow.dataset.scroll === "-1" ? row.scrollLeft <= 0 : row.scrollLeft + row.clientWidth >= row.scrollWidth - 1;
    arrow.disabled = atEnd;
    arrow.classList.toggle("iconbutton--off", atEnd);
  }
}

document.addEventListener("click", (event) => {
  const category = event.target.closest(".cat");
  if (category && !isNarrow()) {
    event.preventDefault();
    toggle(category);
    return;
  }
  const submit = event.target.closest("button[data-submit]");
  if (submit) {
    // htmx doesn't see a button that stands outside its form: its value goes along in a field.
    event.preventDefault();
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = submit.name;
    field.value = submit.value;
    searchForm().append(field);
    searchForm().requestSubmit();
    return;
  }
  const arrow = event.target.closest(".cats__arrow");
  if (arrow) {
    const row = document.querySelector(".cats__row");
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.scrollBy({ left: Number(arrow.dataset.scroll) * row.clientWidth * 0.7, behavior: calm ? "auto" : "smooth" });
  }
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches(".opts input")) {
    chose = true;
    if (box.checked && "single" in box.closest(".opts").dataset) {
      for (const other of box.closest(".opts").querySelectorAll("input")) other.checked = other === box;
    }
  } else if (box.id !== "straal") {
    return;
  }
  if (!box.closest("dialog")) searchForm().requestSubmit();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "app") return;
  wasOpen = openCategory();
  unfolded = [...document.querySelectorAll(".opts__all[open]")].map((all) => all.id);
  for (const part of document.querySelectorAll("[data-keep-scroll]")) kept.set(part.dataset.keepScroll, part.scrollLeft);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "app") return;
  for (const part of document.querySelectorAll("[data-keep-scroll]")) part.scrollLeft = kept.get(part.dataset.keepScroll) ?? 0;
  // What was opened while the answer was on its way stays open.
  if (wasOpen && wasOpen !== openCategory()) toggle(document.getElementById(`cat-${wasOpen}`));
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
  if (chose && isFolded() && !isNarrow()) fold();
  chose = false;
  arrows();
});

document.addEventListener("scroll", (event) => event.target.matches?.(".cats__row") && arrows(), true);
window.addEventListener("resize", arrows);
document.addEventListener("htmx:historyRestore", arrows);
arrows();
