// Tells screen readers what changed, and shows what went wrong without taking away what is on the screen.
export function announce(text) {
  const region = document.getElementById("omroep");
  if (region) region.textContent = text;
}

function show(html) {
  const place = document.getElementById("melding");
  if (!place) return;
  place.innerHTML = html;
  place.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400 || xhr.responseText.includes('id="app"')) return;
  event.detail.shouldSwap = false;
  show(xhr.responseText);
});

document.addEventListener("htmx:sendError", () => {
  show(document.getElementById("geen-verbinding").innerHTML);
});

document.addEventListener("htmx:historyCacheMissLoadError", () => window.location.reload());

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "app") return;
  document.getElementById("melding")?.querySelector("[role=alert]") || announce(document.getElementById("aantal")?.textContent ?? "");
});
