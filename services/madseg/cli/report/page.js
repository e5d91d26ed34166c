// Conveniences only: the page is complete without them.
"use strict";
{
  const toolbar = document.querySelector(".toolbar");
  const byClass = document.getElementById("by-class");
  const byCompetitor = document.getElementById("by-competitor");
  const blend = document.getElementById("blend");
  const blink = document.getElementById("blink");
  const shown = document.getElementById("shown");

  function filter() {
    let count = 0;
    for (const group of document.querySelectorAll(".group")) {
      const fits = (value, control) => !control.value || value === control.value;
      group.hidden = !(fits(group.dataset.class, byClass) && fits(group.dataset.competitor, byCompetitor));
      if (!group.hidden) count += group.querySelectorAll(".card").length;
    }
    for (const section of document.querySelectorAll("section.class")) {
      section.hidden = !section.querySelector(".group:not([hidden])");
    }
    shown.textContent = count === 1 ? "1 image" : `${count} images`;
  }

  // The photograph is in the file once; it is lent to the frames of the maps when it is first asked for.
  function lend() {
    for (const card of document.querySelectorAll(".card")) {
      const photo = card.querySelector(".photo img");
      if (!photo) continue;
      for (const frame of card.querySelectorAll(".map .frame")) frame.style.backgroundImage = `url(${photo.src})`;
    }
    lend = () => {};
  }

  // The two maps change places with their captions, so that the eye can compare them in one spot.
  function swap() {
    for (const card of document.querySelectorAll(".card")) {
      const [first, second] = card.querySelectorAll(".map");
      first.before(second);
    }
  }

  if (toolbar) {
    toolbar.hidden = false;
    toolbar.addEventListener("submit", (event) => event.preventDefault());
    byClass.addEventListener("change", filter);
    byCompetitor.addEventListener("change", filter);
    blend.addEventListener("input", () => {
      lend();
      document.documentElement.style.setProperty("--blend", blend.value / 100);
    });
    blink.addEventListener("click", () => {
      swap();
      blink.setAttribute("aria-pressed", String(blink.getAttribute("aria-pressed") !== "true"));
    });
    filter();
  }
}
