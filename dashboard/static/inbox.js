"use strict";
// Lists are walked by keyboard: j and k move the focus from row to row, Enter opens what has the focus, as always,
// x chooses a row, a acknowledges, ? tells so. Single keys can be turned off, for they disturb who speaks to a
// computer; nothing happens while somebody types. The focus itself moves, so screen readers say where one is.

(() => {
  const OFF = "kilowatch-keys-off";
  const dialog = document.getElementById("keys");
  const opener = document.querySelector("[data-help]");
  const form = document.getElementById("work");
  const sure = document.getElementById("sure");
  /** Ids of rows that were chosen until somebody else changed them. */
  const left = new Set();
  let asked = null;
  let agreed = false;
  const rows = () => Array.from(document.querySelectorAll("[data-row]"));
  const boxes = () => Array.from(document.querySelectorAll("input[name=episodes]"));
  const ticked = () => boxes().filter((each) => each.checked);
  const whole = () => document.getElementById("whole");
  const row = () => document.activeElement.closest("tr");
  const box = () => row()?.querySelector("input[name=episodes]");

  function count() {
    const chosen = document.querySelector("[data-chosen]");
    if (!chosen) return;
    markLeft();
    const many = ticked().length;
    const lost = left.size ? `. ${chosen.dataset.left} ${left.size}` : "";
    chosen.textContent = (howMany() ? `${chosen.dataset.some} ${howMany()}` : chosen.dataset.none) + lost;
    const all = document.querySelector("[data-all]");
    all.checked = many > 0 && many === boxes().length;
    all.indeterminate = many > 0 && many < boxes().length;
    if (sure.open) ask();
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

  const howMany = () => (whole()?.checked ? Number(whole().dataset.total) : ticked().length);

  function ask() {
    const question = sure.querySelector("[data-question]");
    const deed = asked.textContent.trim();
    question.textContent = question.dataset.question.replace("{deed}", deed).replace("{count}", howMany());
  }

  /** What changes many is asked about first. */
  function beforeWork(event) {
    if (agreed || howMany() < 2) return;
    event.preventDefault();
    asked = event.submitter;
    sure.returnValue = "no";
    ask();
    sure.showModal();
  }

  function answered() {
    if (sure.returnValue !== "yes") return;
    agreed = true;
    form.requestSubmit(asked);
    agreed = false;
  }

  /** A row that somebody else has changed is chosen no longer: that is said, and the row is marked. */
  function noteLost(lost) {
    for (const value of lost) if (value.includes("@")) left.add(value.slice(0, value.lastIndexOf("@")));
  }

  function markLeft() {
    for (const each of boxes()) {
      const id = each.value.slice(0, each.value.lastIndexOf("@"));
      if (each.checked) left.delete(id);
      each.closest("tr").classList.toggle("left", left.has(id));
    }
  }

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
  document.addEventListener("kilowatch:replaced", (event) => {
    noteLost(event.detail.lost);
    reveal();
    count();
  });

  function reveal() {
    for (const part of document.querySelectorAll("[data-all], [data-help]")) part.hidden = false;
  }

  if (dialog) {
    dialog.querySelector("[data-keys]").checked = !localStorage.getItem(OFF);
    opener?.addEventListener("click", () => dialog.showModal());
    reveal();
  }
  if (sure) {
    form.addEventListener("submit", beforeWork);
    sure.addEventListener("close", answered);
    count();
  }
})();
