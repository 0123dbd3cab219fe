// Takes secrets from the page to where people keep them: the clipboard, a file, paper. Nothing leaves the browser.
const lines = (id) => [...document.getElementById(id).children].map((item) => item.textContent.trim()).join("\n");

async function copy(button, text) {
  await navigator.clipboard.writeText(text);
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  if (before === button.dataset.copied) return;
  label.textContent = button.dataset.copied;
  window.setTimeout(() => (label.textContent = before), 3000);
}

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-lines], [data-download], [data-print]");
  if (!button) return;
  const { copy: text, copyLines, download: id, file } = button.dataset;
  if (text) copy(button, text);
  else if (copyLines) copy(button, lines(copyLines));
  else if (id) download(file, lines(id));
  else window.print();
});

// Without a script these buttons would do nothing, so they come hidden; the clipboard needs a secure page.
for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
for (const button of document.querySelectorAll("[data-copy], [data-copy-lines]")) button.hidden ||= !navigator.clipboard;
