"use strict";
// Keeps a page fresh. The server tells by events (/api/live) when something new has been stored; then the page is
// fetched again and the parts marked data-live are replaced where they differ. Where no events come, because the
// stream or the database is away, the page is fetched every ten seconds. Charts are told and fetch what is new
// themselves (charts.js), forms are left alone. A page in the background rests and keeps no stream open: a browser
// opens only six connections to one server.

(() => {
  const POLL_MS = 10000;
  /** With events a page is still fetched now and then: ages grow. */
  const QUIET_MS = 30000;
  /** Events of one cycle come close together; they are answered by one fetch. */
  const GATHER_MS = 200;
  const SHORTEST_GAP_MS = 1000;
  /** A slow page is fetched less often, so that many open pages cannot keep a server from its work. */
  const GAP_PER_COST = 3;
  /** The server sends a beat every 15 seconds. */
  const DEAD_MS = 40000;
  const AGAIN_MS = 60000;
  /** Longer than the server lets any question run: an answer that never ends must not hold up the next. */
  const LONGEST_FETCH_MS = 60000;

  const { stream: address, language, here } = document.currentScript.dataset;
  // An answer to a form stands at the form's address, which takes nothing but forms: from here on the page's own one
  // is what is loaded again, gone back to, and told as the page that the next form was sent from.
  if (here) history.replaceState(null, "", here);
  const mark = document.querySelector("[data-live-mark]");
  const over = document.querySelector("[data-session-over]");
  const isLive = document.querySelector("main [data-live]") !== null;
  let stream = null;
  let pushed = false;
  let reached = true;
  let joined = false;
  let busy = false;
  let wanted = false;
  let timer = 0;
  let dueAt = Infinity;
  let heardAt = 0;
  let endedAt = 0;
  let cost = 0;

  function show() {
    const state = !reached ? "lost" : pushed ? "pushed" : "polled";
    if (mark.dataset.state === state) return;
    mark.dataset.state = state;
    mark.classList.toggle("lost", state === "lost");
    mark.classList.toggle("polled", state === "polled");
    mark.title = mark.dataset[state];
    mark.querySelector("[role=status]").textContent = mark.dataset[state];
  }

  function refreshIn(ms) {
    const at = performance.now() + ms;
    if (at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(refresh, ms);
  }

  function news() {
    if (!isLive) return;
    const gap = endedAt + Math.max(SHORTEST_GAP_MS, GAP_PER_COST * cost) - performance.now();
    refreshIn(Math.max(GATHER_MS, gap));
  }

  async function refresh() {
    dueAt = Infinity;
    if (document.hidden) return;
    if (busy) { wanted = true; return; }
    busy = true;
    const begunAt = performance.now();
    try {
      const headers = { Accept: "text/html", "Kilowatch-Language": language };
      const answer = await fetch(here ?? location.href, { headers, signal: AbortSignal.timeout(LONGEST_FETCH_MS) });
      // The login answers once the session is over. The page stays: somebody may have typed into it.
      over.hidden = !answer.redirected;
      if (!answer.ok || answer.redirected) throw new Error(`the server answered ${answer.status}`);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      renewSecrets(fresh);
      replaceParts(fresh);
      document.dispatchEvent(new CustomEvent("kilowatch:refreshed", { detail: { fresh } }));
      reached = true;
    } catch {
      // The dot turns red; what is on the page stays, with the time of its last success beside it.
      reached = false;
    }
    show();
    busy = false;
    endedAt = performance.now();
    cost = endedAt - begunAt;
    if (wanted) news();
    wanted = false;
    if (pushed && endedAt - heardAt > DEAD_MS) { leave(); join(); }
    refreshIn(pushed ? QUIET_MS : POLL_MS);
  }

  /** Whoever has logged in again in another tab goes on here: forms are bound to the session. */
  function renewSecrets(fresh) {
    const given = fresh.querySelector("input[name=csrf]")?.value;
    if (given) for (const field of document.querySelectorAll("input[name=csrf]")) field.value = given;
  }

  function replaceParts(fresh) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!next || next.innerHTML === part.innerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.id : null;
      // Never take the focus from somebody reading: where it cannot be given back, the part stays as it is.
      if (focused !== null && !(focused && next.querySelector(`#${CSS.escape(focused)}`))) continue;
      const ticked = Array.from(part.querySelectorAll("input[type=checkbox]:checked"), (box) => box.value);
      part.replaceChildren(...next.childNodes);
      for (const box of part.querySelectorAll("input[type=checkbox]")) box.checked = ticked.includes(box.value);
      if (focused) document.getElementById(focused).focus({ preventScroll: true });
      const boxes = Array.from(part.querySelectorAll("input[type=checkbox]"), (box) => box.value);
      const lost = ticked.filter((value) => !boxes.includes(value));
      part.dispatchEvent(new CustomEvent("kilowatch:replaced", { bubbles: true, detail: { lost } }));
    }
  }

  function join() {
    if (stream || document.hidden) return;
    stream = new EventSource(address);
    const on = (name, act) => stream.addEventListener(name, (event) => {
      heardAt = performance.now();
      act(JSON.parse(event.data));
    });
    for (const name of ["readings", "coverage", "episodes"]) {
      on(name, (data) => {
        document.dispatchEvent(new CustomEvent("kilowatch:news", { detail: { name, ...data } }));
        news();
      });
    }
    on("beat", () => {});
    on("listening", ({ listening }) => {
      pushed = listening;
      // What came while nobody listened was not told.
      if (joined) {
        document.dispatchEvent(new CustomEvent("kilowatch:news", { detail: { name: "listening", meters: [] } }));
        news();
      }
      joined = true;
      show();
    });
    stream.addEventListener("error", () => {
      pushed = false;
      show();
      refreshIn(POLL_MS);
      // After a refusal the browser does not come again by itself.
      if (stream && stream.readyState === EventSource.CLOSED) {
        leave();
        setTimeout(join, AGAIN_MS);
      }
    });
  }

  function leave() {
    if (stream) stream.close();
    stream = null;
    pushed = false;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { leave(); return; }
    join();
    refreshIn(0);
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", join);
  join();
  refreshIn(POLL_MS);
})();
