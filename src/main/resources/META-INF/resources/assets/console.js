"use strict";
// What pages do besides, where there is JavaScript: times in the reader's zone, and one click to copy.
(() => {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "medium" });

  function enhance(root) {
    for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
      time.dataset.local = "";
      const local = document.createElement("span");
      local.className = "local";
      local.textContent = format.format(new Date(time.dateTime));
      time.prepend(local);
    }
    for (const pre of root.querySelectorAll("pre:not([data-copies])")) {
      pre.dataset.copies = "";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "outline copy";
      button.textContent = document.body.dataset.copy;
      button.addEventListener("click", () => navigator.clipboard.writeText(pre.textContent));
      pre.after(button);
    }
  }

  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.target));
})();
