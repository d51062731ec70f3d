"use strict";
// Where a row of links is wider than the screen, the entry of this page is scrolled into its middle; the page stays.

(() => {
  for (const nav of document.querySelectorAll("nav")) {
    const here = nav.querySelector("[aria-current]");
    if (!here || nav.scrollWidth <= nav.clientWidth) continue;
    const [row, entry] = [nav.getBoundingClientRect(), here.getBoundingClientRect()];
    nav.scrollLeft += entry.left + entry.width / 2 - (row.left + row.width / 2);
  }
})();
