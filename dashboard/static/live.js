"use strict";
// Keeps a page fresh: every ten seconds it is fetched again, and the parts marked data-live are replaced
// where they differ. Charts and forms are left alone. A page in the background rests.

(() => {
  const PERIOD_MS = 10000;
  const mark = document.querySelector("[data-live-mark]");
  let busy = false;

  async function refresh() {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload(); // the session is over: the login page follows
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      replaceParts(new DOMParser().parseFromString(await answer.text(), "text/html"));
      mark.classList.remove("lost");
      mark.title = "";
    } catch {
      // The dot turns red; what is on the page stays, with the time of its last success beside it.
      mark.classList.add("lost");
      mark.title = mark.dataset.lost;
    } finally {
      busy = false;
    }
  }

  function replaceParts(fresh) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!next || next.innerHTML === part.innerHTML) continue;
      if (part.contains(document.activeElement)) continue; // never take the focus from somebody reading
      part.replaceChildren(...next.childNodes);
    }
  }

  setInterval(refresh, PERIOD_MS);
  document.addEventListener("visibilitychange", refresh);
})();
