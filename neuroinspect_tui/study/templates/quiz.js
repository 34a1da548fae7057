"use strict";
const quiz = JSON.parse(document.getElementById("quiz").textContent);
const byId = (id) => document.getElementById(id);
const given = [];
let observer = "", form = 0, since = 0, unsaved = false;

const order = () => quiz.forms[form - 1];
const show = (id) => {
  for (const one of ["start", "ask", "end"]) byId(one).hidden = one !== id;
};
const asking = () => observer !== "" && given.length < order().length;

function picture(place) {
  const image = document.createElement("img");
  image.src = quiz.pictures[place];
  image.alt = "explains the neuron";
  return image;
}

function next() {
  if (!asking()) return show("end");
  const [number, condition] = order()[given.length];
  const question = quiz.questions[number];
  byId("progress").textContent = `${given.length + 1} of ${order().length}`;
  byId("class").textContent = question.class_name;
  byId("hint").textContent = quiz.hints[condition];
  byId("explanation").replaceChildren(...question.shown[condition].map(picture));
  for (const side of ["left", "right"]) {
    byId(side).querySelector("img").src = quiz.pictures[question[side]];
  }
  show("ask");
  since = performance.now();
}

function choose(side) {
  const [question, condition] = order()[given.length];
  const seconds = Math.round(performance.now() - since) / 1000;
  given.push({ question, condition, choice: side, seconds });
  unsaved = true;
  next();
}

function back() {
  if (given.length === 0) return;
  given.pop();
  next();
}

function save() {
  const answers = { format: quiz.format, quiz: quiz.id, observer, form, answers: given };
  const text = JSON.stringify(answers, null, 1) + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const name = observer.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60);
  link.download = `answers-${quiz.id}-${name}.json`;
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(link.href);
  unsaved = false;
  byId("saved").textContent = `Saved as ${link.download}.`;
}

byId("observer").addEventListener("submit", (event) => {
  event.preventDefault();
  observer = byId("name").value.trim();
  form = Number(byId("form").value);
  if (observer !== "") next();
});
for (const side of ["left", "right"]) byId(side).addEventListener("click", () => choose(side));
for (const button of document.querySelectorAll(".save")) button.addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (observer === "" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const side = { ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right" }[event.key];
  if (side && asking()) {
    event.preventDefault();
    choose(side);
  } else if (event.key === "Backspace") {
    event.preventDefault();
    back();
  }
});
window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
