// Suggestions while typing, after the ARIA Authoring Practices' combobox with list autocomplete:
// focus stays in the field, arrows move through the list, Enter takes, Escape closes and then empties.
import { announce } from "./messages.js";
import { searchForm, searchParameters, visit } from "./search.js";

const WAIT_MS = 120;
const state = new WeakMap();

const parts = (input) => {
  const box = input.closest("[data-combobox]");
  return { box, list: document.getElementById(box.dataset.comboboxList) };
};
const options = (list) => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];

function close(input) {
  const { list } = parts(input);
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  const held = state.get(input);
  clearTimeout(held?.timer);
  held?.abort?.abort();
}

// Nothing to choose from is said in the list as well, as an option that can't be taken.
function tellNone(list, text) {
  const none = document.createElement("div");
  none.className = "listbox__none";
  none.setAttribute("role", "option");
  none.setAttribute("aria-disabled", "true");
  none.setAttribute("aria-selected", "false");
  none.textContent = text;
  list.replaceChildren(none);
}

function activate(input, option) {
  const { list } = parts(input);
  for (const other of options(list)) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

async function suggest(input) {
  const { box, list } = parts(input);
  const held = state.get(input) ?? {};
  held.abort?.abort();
  held.abort = new AbortController();
  state.set(input, held);
  const asked = input.value;
  const parameters = searchParameters();
  parameters.delete("waar");
  parameters.set("q", asked);
  try {
    const answer = await fetch(`${box.dataset.combobox}?${parameters}`, {
      headers: { "HX-Request": "true" },
      signal: held.abort.signal,
    });
    if (!answer.ok || answer.status === 204 || input.value !== asked || document.activeElement !== input) return;
    list.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    close(input);
    return;
  }
  const count = options(list).length;
  if (!count) tellNone(list, box.dataset.none);
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
  announce(count ? box.dataset.some.replace("{n}", count) : box.dataset.none);
}

function take(input, option) {
  if ("place" in parts(input).box.dataset) {
    input.value = option.dataset.label;
    input.dataset.known = option.dataset.label;
    document.getElementById("plaats").value = option.dataset.ref;
    close(input);
    if (input.closest("dialog")) input.dispatchEvent(new Event("change", { bubbles: true }));
    else searchForm().requestSubmit();
    return;
  }
  close(input);
  input.value = "";
  visit(option.dataset.url);
}

document.addEventListener("input", (event) => {
  const input = event.target;
  if (input.role !== "combobox" && input.getAttribute("role") !== "combobox") return;
  const held = state.get(input) ?? {};
  clearTimeout(held.timer);
  state.set(input, held);
  if (input.value.trim()) held.timer = setTimeout(suggest, WAIT_MS, input);
  else close(input);
});

document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (input.getAttribute?.("role") !== "combobox" || event.isComposing) return;
  const { list } = parts(input);
  const all = options(list);
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const open = !list.hidden;
  switch (event.key) {
    case "ArrowDown":
    case "ArrowUp": {
      event.preventDefault();
      if (!open) {
        if (input.value.trim()) suggest(input);
        return;
      }
      // One place between the last and the first option is the field itself.
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = ((at + 1 + step + all.length + 1) % (all.length + 1)) - 1;
      activate(input, all[next]);
      return;
    }
    case "Enter":
      if (open && at >= 0) {
        event.preventDefault();
        take(input, all[at]);
      } else {
        close(input);
      }
      return;
    case "Escape":
      if (open) {
        event.preventDefault();
        event.stopPropagation();
        close(input);
      } else if (input.value && !input.closest("dialog")) {
        input.value = "";
      }
      return;
    case "Home":
    case "End":
      activate(input, null);
      return;
    case "Tab":
      close(input);
  }
});

// The field must keep focus while an option is pressed, or the list closes before the click arrives.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[role=listbox]")) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]:not([aria-disabled])");
  if (!option) return;
  const list = option.closest("[role=listbox]");
  take(document.querySelector(`[aria-controls="${list.id}"]`), option);
});

document.addEventListener("focusout", (event) => {
  if (event.target.getAttribute?.("role") === "combobox") close(event.target);
});
