"use strict";
// Lists are walked by keyboard: j and k move the focus from row to row, Enter opens what has the focus, as always,
// x chooses a row, a acknowledges, ? tells so. Single keys can be turned off, for they disturb who speaks to a
// computer; nothing happens while somebody types. The focus itself moves, so screen readers say where one is.

(() => {
  const OFF = "kilowatch-keys-off";
  const dialog = document.getElementById("keys");
  const opener = document.querySelector("[data-help]");
  const form = document.getElementById("work");
  const rows = () => Array.from(document.querySelectorAll("[data-row]"));
  const boxes = () => Array.from(document.querySelectorAll("input[name=episodes]"));
  const row = () => document.activeElement.closest("tr");
  const box = () => row()?.querySelector("input[name=episodes]");

  function count() {
    const chosen = document.querySelector("[data-chosen]");
    if (!chosen) return;
    const ticked = boxes().filter((each) => each.checked).length;
    chosen.textContent = ticked ? `${chosen.dataset.some} ${ticked}` : chosen.dataset.none;
    const all = document.querySelector("[data-all]");
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && ticked < boxes().length;
  }

  function step(by) {
    const links = rows();
    const at = links.indexOf(row()?.querySelector("[data-row]"));
    const next = links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)];
    next?.focus();
    next?.closest("tr").scrollIntoView({ block: "center" });
  }

  function choose() {
    if (!box()) return;
    box().checked = !box().checked;
    count();
  }

  function acknowledge() {
    if (!form) return;
    if (!boxes().some((each) => each.checked)) {
      if (!box()) return;
      box().checked = true;
    }
    form.requestSubmit(form.querySelector("button[value=acknowledge]"));
  }

  const KEYS = { j: () => step(1), k: () => step(-1), x: choose, a: acknowledge, "?": () => dialog?.showModal() };

  function isTyping(target) {
    return target.closest("dialog, select, textarea, [contenteditable]") !== null
      || (target.matches("input") && !["checkbox", "radio"].includes(target.type));
  }

  /** Enter in a field does what stands beside it, not what the form's first button does. */
  function submitBeside(event) {
    const pair = event.target.closest(".pair");
    if (event.key !== "Enter" || event.isComposing || !pair || !event.target.matches("input")) return;
    event.preventDefault();
    event.target.form.requestSubmit(pair.querySelector("button"));
  }

  document.addEventListener("keydown", submitBeside);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    if (!act || (localStorage.getItem(OFF) && event.key !== "?")) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const each of boxes()) each.checked = event.target.checked;
    if (event.target.matches("[data-keys]")) {
      if (event.target.checked) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1");
    }
    count();
  });
  document.addEventListener("kilowatch:replaced", () => { reveal(); count(); });

  function reveal() {
    for (const part of document.querySelectorAll("[data-all], [data-help]")) part.hidden = false;
  }

  if (dialog) {
    dialog.querySelector("[data-keys]").checked = !localStorage.getItem(OFF);
    opener?.addEventListener("click", () => dialog.showModal());
    reveal();
  }
  if (form) count();
})();
