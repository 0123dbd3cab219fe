// The search form as an address, and going to an address without loading the whole page.
const DEFAULT_RADIUS = "25";

export const searchForm = () => document.getElementById("zoek");

// Drops what says nothing, so that addresses stay short and are not redirected.
export function clean(parameters) {
  const known = document.getElementById("waar")?.dataset.known ?? "";
  if (!parameters.get("q")?.trim()) parameters.delete("q");
  if ((parameters.get("waar") ?? "").trim() === known) parameters.delete("waar");
  if (!parameters.get("plaats")) parameters.delete("plaats");
  if (parameters.get("straal") === DEFAULT_RADIUS) parameters.delete("straal");
  return parameters;
}

export function searchParameters() {
  const parameters = new URLSearchParams();
  for (const [name, value] of new FormData(searchForm())) parameters.append(name, value);
  return clean(parameters);
}

export function visit(address) {
  return window.htmx.ajax("GET", address, { source: "#app", target: "#app", swap: "outerHTML show:none" });
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "zoek") return;
  const { parameters } = event.detail;
  const kept = new URLSearchParams();
  for (const name of ["q", "waar", "plaats", "straal"]) if (parameters[name]) kept.set(name, parameters[name]);
  clean(kept);
  for (const name of ["q", "waar", "plaats", "straal"]) if (!kept.has(name) && !(name === "waar" && mustEmpty())) delete parameters[name];
});

// An emptied place field must reach the server, which otherwise keeps the place behind it.
function mustEmpty() {
  const where = document.getElementById("waar");
  return where && where.dataset.known && !where.value.trim();
}

// The term chosen last must be in sight.
function showLastChip() {
  const chips = document.querySelector(".chips");
  if (chips) chips.scrollLeft = chips.scrollWidth;
}
for (const name of ["htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(name, showLastChip);
showLastChip();

// A distance says nothing without a place to count from.
function radiusFollowsPlace() {
  const radius = document.getElementById("straal");
  if (!radius) return;
  radius.disabled = !document.getElementById("waar").value.trim();
  document.getElementById("straal-uitleg").hidden = !radius.disabled;
}
for (const name of ["input", "change", "htmx:afterSwap", "htmx:historyRestore"]) document.addEventListener(name, radiusFollowsPlace);
radiusFollowsPlace();
