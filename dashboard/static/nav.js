"use strict";
// Where a row of links is wider than the screen, the entry of this page is scrolled into its middle, and whatever
// the keyboard reaches is shown whole; the page itself stays where it is.

(() => {
  for (const nav of document.querySelectorAll("nav")) {
    const centre = (entry) => {
      const [row, box] = [nav.getBoundingClientRect(), entry.getBoundingClientRect()];
      nav.scrollLeft += box.left + box.width / 2 - (row.left + row.width / 2);
    };
    const here = nav.querySelector("[aria-current]");
    if (here) centre(here);
    nav.addEventListener("focusin", ({ target }) => {
      const [row, box] = [nav.getBoundingClientRect(), target.getBoundingClientRect()];
      if (box.left < row.left || box.right > row.right) centre(target);
    });
  }
})();
