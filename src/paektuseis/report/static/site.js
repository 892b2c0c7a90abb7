"use strict";
(function () {
  var root = document.documentElement, button = document.getElementById("theme");
  var store = { get: function () { try { return localStorage.getItem("paektuseis-theme"); } catch (e) { return null; } },
                set: function (v) { try { localStorage.setItem("paektuseis-theme", v); } catch (e) { /* private */ } } };
  function dark() {
    var chosen = root.getAttribute("data-theme");
    return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function label() {
    button.textContent = dark() ? button.dataset.light : button.dataset.dark;
    button.setAttribute("aria-label", button.dataset.label.replace("{name}", button.textContent));
  }
  if (store.get()) { root.setAttribute("data-theme", store.get()); }
  if (button) {
    button.hidden = false;
    label();
    button.addEventListener("click", function () {
      var next = dark() ? "light" : "dark";
      root.setAttribute("data-theme", next);
      store.set(next);
      label();
    });
  }
  function value(cell, type) {
    var text = cell.textContent.trim();
    if (type !== "number") { return text; }
    var found = text.replace(/\u2212/g, "-").match(/-?\d+(\.\d+)?/);
    return found ? parseFloat(found[0]) : NaN;
  }
  Array.prototype.forEach.call(document.querySelectorAll("table.sortable"), function (table) {
    var heads = table.tHead.rows[0].cells, body = table.tBodies[0];
    Array.prototype.forEach.call(heads, function (head, column) {
      var made = document.createElement("button");
      made.type = "button";
      made.textContent = head.textContent;
      made.title = table.dataset.hint;
      head.textContent = "";
      head.appendChild(made);
      head.setAttribute("aria-sort", column === 0 ? "ascending" : "none");
      made.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending", type = head.dataset.type;
        var rows = Array.prototype.map.call(body.rows, function (row, i) {
          return { row: row, key: value(row.cells[column], type), at: i };
        });
        rows.sort(function (a, b) {
          if (type === "number") {
            if (isNaN(a.key) || isNaN(b.key)) { return (isNaN(a.key) ? 1 : 0) - (isNaN(b.key) ? 1 : 0) || a.at - b.at; }
            return (up ? a.key - b.key : b.key - a.key) || a.at - b.at;
          }
          return (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) * (up ? 1 : -1) || a.at - b.at;
        });
        var all = document.createDocumentFragment();
        rows.forEach(function (r) { all.appendChild(r.row); });
        body.appendChild(all);
        Array.prototype.forEach.call(heads, function (other) { other.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
      });
    });
  });
  var form = document.getElementById("filter"), events = document.getElementById("events");
  if (form && events) {
    form.hidden = false;
    var text = document.getElementById("f-text"), kind = document.getElementById("f-class");
    var size = document.getElementById("f-mag"), located = document.getElementById("f-loc");
    var count = document.getElementById("f-count");
    var apply = function () {
      var shown = 0, wanted = text.value.trim().toLowerCase(), least = parseFloat(size.value);
      Array.prototype.forEach.call(events.tBodies[0].rows, function (row) {
        var good = (!kind.value || row.dataset.k === kind.value) &&
          (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0) &&
          (isNaN(least) || value(row.cells[3], "number") >= least) &&
          (!located.checked || !isNaN(value(row.cells[4], "number")));
        row.hidden = !good;
        if (good) { shown += 1; }
      });
      count.textContent = count.dataset.text.replace("{shown}", shown).replace("{all}", events.tBodies[0].rows.length);
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", function (e) { e.preventDefault(); });
    apply();
  }
}());
