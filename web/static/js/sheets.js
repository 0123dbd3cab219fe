// On a phone the menu, the place and the filters open as a sheet: a dialog that borrows the part of the page.
import { isNarrow } from "./screen.js";
import { searchForm, searchParameters } from "./search.js";

const WAIT_MS = 150;
let borrowed = null;
let timer = 0;
let asking = null;

const dialog = () => document.getElementById("blad");

function giveBack() {
  if (!borrowed) return;
  borrowed.place.replaceWith(borrowed.part);
  borrowed = null;
}

// What the address says: a sheet that closes without its button changes nothing.
const fields = (part) => [...part.querySelectorAll("input, select")];
const remember = (part) => fields(part).map((field) => [field, field.value, field.checked, field.dataset.known]);

function restore(held) {
  for (const [field, value, checked, known] of held) {
    if (field.type === "checkbox") field.checked = checked;
    else field.value = value;
    if (known !== undefined) field.dataset.known = known;
  }
}

async function showCount() {
  const foot = document.getElementById("blad-voet");
  const button = foot.querySelector("button");
  if (!button) return;
  asking?.abort();
  asking = new AbortController();
  try {
    const address = document.getElementById("filters").dataset.count;
    const answer = await fetch(`${address}?${searchParameters()}`, {
      headers: { "HX-Request": "true" },
      signal: asking.signal,
    });
    if (answer.ok) button.textContent = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function open(link) {
  const part = document.getElementById(link.dataset.sheet);
  const place = document.createComment("");
  part.replaceWith(place);
  borrowed = { part, place };
  const held = remember(part);
  document.getElementById("blad-inhoud").replaceChildren(part);
  document.getElementById("blad-titel").textContent = link.dataset.sheetTitle;
  const foot = document.getElementById("blad-voet");
  foot.hidden = !("sheetSubmit" in link.dataset);
  foot.replaceChildren();
  if (!foot.hidden) {
    const button = document.createElement("button");
    button.className = "button button--go";
    button.textContent = document.getElementById("aantal").dataset.show ?? link.dataset.sheetTitle;
    button.addEventListener("click", () => searchForm().requestSubmit());
    foot.append(button);
  }
  dialog().showModal();
  dialog().addEventListener("close", () => {
    clearTimeout(timer);
    asking?.abort();
    giveBack();
    restore(held);
    link.focus();
  }, { once: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-sheet]");
  if (link && isNarrow()) {
    event.preventDefault();
    event.stopPropagation();
    open(link);
    return;
  }
  if (event.target.closest("[data-close-sheet]") || event.target === dialog()) dialog().close();
}, true);

document.addEventListener("change", (event) => {
  if (!event.target.closest("dialog")) return;
  clearTimeout(timer);
  timer = setTimeout(showCount, WAIT_MS);
});

// The borrowed part must be back before the page is renewed.
document.addEventListener("htmx:beforeSwap", () => {
  if (dialog()?.open && borrowed) {
    giveBack();
    dialog().close();
  }
});

// A step back in history renews the page under the sheet.
window.addEventListener("popstate", () => dialog()?.open && dialog().close());
