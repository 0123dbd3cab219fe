// Shows or hides what is typed as a password.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-password]");
  if (!button) return;
  const field = document.getElementById(button.dataset.showPassword);
  const shown = field.type === "text";
  field.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
  field.focus();
});

// What is shown is sent as a password: browsers then offer to keep it, and don't keep it as an ordinary text.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("[data-show-password]")) {
    document.getElementById(button.dataset.showPassword).type = "password";
    button.setAttribute("aria-pressed", "false");
  }
});
