"use strict";
for (const button of document.querySelectorAll("table.sortable .sort")) {
  button.addEventListener("click", () => {
    const head = button.closest("th"), body = head.closest("table").tBodies[0];
    const column = head.cellIndex, numeric = button.dataset.kind === "number";
    const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const rows = [...body.rows].sort((one, two) => {
      const a = value(one), b = value(two);
      if (a === "" || b === "") return (a === "") - (b === ""); // what does not exist stays last
      return way * (numeric ? a - b : a.localeCompare(b));
    });
    body.append(...rows);
  });
}
const zoom = document.getElementById("zoom");
for (const button of document.querySelectorAll(".picture")) {
  button.addEventListener("click", () => {
    const image = button.querySelector("img"), large = zoom.querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    zoom.querySelector("p").textContent = image.alt;
    zoom.showModal();
  });
}
document.getElementById("close").addEventListener("click", () => zoom.close());
zoom.addEventListener("click", (event) => { if (event.target === zoom) zoom.close(); });
