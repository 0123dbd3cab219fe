// A photo opens large in a dialog instead of leaving the page (PROF-30).
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-photo]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const dialog = document.createElement("dialog");
  dialog.className = "photo-dialog";
  const head = document.createElement("div");
  head.className = "photo-dialog__head";
  const title = document.createElement("b");
  title.textContent = link.querySelector("img").alt;
  const close = document.querySelector("[data-close-sheet]").cloneNode(true);
  close.removeAttribute("data-close-sheet");
  close.addEventListener("click", () => dialog.close());
  const image = document.createElement("img");
  image.src = link.href;
  image.alt = title.textContent;
  head.append(title, close);
  dialog.append(head, image);
  dialog.setAttribute("aria-label", title.textContent);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
});
