/* What the book does beyond HTML. Nothing is stored or fetched, no key is
   taken away, and without it every link still leads to its lines. */
"use strict";
document.documentElement.classList.add("js");

const all = (what, within = document) => [...within.querySelectorAll(what)];
const beside = matchMedia("(min-width: 60rem)");

/* ---- The passage that is being read, and its lines. ---- */

const [articles, passages] = [all("article"), all(".tied")];
let current = null; // the passage whose lines are lit
let chosen = null; // one that was clicked or focused, and where the page was

const links = (passage) => all(".to a", passage);
/** The lines that a passage is about; each bears the name of the tie. */
const linesOf = (passage) => links(passage).flatMap((link) =>
  all(`.source > .${link.hash.slice(1)}`));

/** The last of these, which stand in the page's order, that has begun above
    a third of the window. */
function reached(elements) {
  const third = innerHeight / 3;
  let last = null;
  for (const element of elements) {
    if (element.getBoundingClientRect().top > third) break;
    last = element;
  }
  return last;
}

/** Scroll a pane, and nothing else, until these lines are seen in it; where
    they are too far apart, the first of them. */
function bring(pane, lines) {
  if (!beside.matches || !lines.length) return;
  pane.style.contentVisibility = "visible"; // a skipped one can't be scrolled
  const head = pane.querySelector("nav").offsetHeight;
  const high = pane.clientHeight - head;
  const from = pane.getBoundingClientRect().top + head;
  const at = lines.map((line) => line.getBoundingClientRect());
  let top = Math.min(...at.map((line) => line.top)) - from;
  let bottom = Math.max(...at.map((line) => line.bottom)) - from;
  if (bottom - top > high) {
    top = at[0].top - from;
    bottom = top + high;
  }
  if (top >= 0 && bottom <= high) return;
  const to = pane.scrollTop + top - Math.max(8, (high - bottom + top) / 3);
  pane.scrollTo(0, to); // at once: chromium drops some smooth scrolls
}

/** Light the lines of a passage, and of no other; null lights none. */
function light(passage) {
  if (passage === current) return;
  for (const line of all(".lit")) line.classList.remove("lit");
  if (current) current.classList.remove("current");
  current = passage;
  if (!passage) return;
  passage.classList.add("current");
  const lines = linesOf(passage);
  for (const line of lines) line.classList.add("lit");
  const pane = passage.closest("article").querySelector(".pane");
  bring(pane, lines);
  mark(pane, lines[0].closest("section").id);
}

/** Say in a list of links which one is meant. */
function mark(list, id) {
  for (const link of all("nav a", list)) {
    if (link.hash === `#${id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Say in the bar, and in the contents, where we are. */
const here = document.createElement("span");
here.className = "here";
document.querySelector(".bar > a").after(here);
function locate(article) {
  const name = article ? article.getAttribute("aria-labelledby") : "start";
  const title = name !== "start" && document.getElementById(name);
  here.textContent = title ? title.textContent : "";
  mark(document.querySelector(".bar"), name);
}

/** Compute, from where the page stands, what is being read. */
function look() {
  const article = reached(articles);
  locate(article);
  if (chosen && Math.abs(scrollY - chosen.at) > 2) chosen = null;
  const passage = chosen ? chosen.passage
    : reached(passages.filter((one) => article && article.contains(one)));
  const seen = passage && passage.getBoundingClientRect().bottom > 0;
  light(seen ? passage : null);
}

/** Read this passage until the page is scrolled on. */
function choose(passage) {
  chosen = {passage, at: scrollY};
  look();
  requestAnimationFrame(() => { // focus may have scrolled the page
    if (chosen && chosen.passage === passage) chosen.at = scrollY;
  });
}

let asked = 0;
const soon = () => {
  asked = asked || requestAnimationFrame(() => { asked = 0; look(); });
};
addEventListener("scroll", soon, {passive: true});
addEventListener("resize", soon);
addEventListener("focusin", (event) => {
  const passage = event.target.closest(".tied");
  if (passage && links(passage).length) choose(passage);
});

addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  all(".contents[open]").forEach((open) => { open.open = false; });
  const target = document.getElementById(decodeURIComponent(
    link.hash.slice(1)));
  const pane = target && target.closest(".pane");
  if (!beside.matches || !pane
      || pane.closest("article") !== link.closest("article")) return;
  event.preventDefault(); // the page stays, the pane moves
  const passage = link.closest(".tied");
  if (passage) {
    if (passage === current) bring(pane, linesOf(passage));
    choose(passage);
  } else if (link.dataset.n) {
    history.replaceState(null, "", link.hash);
  } else {
    pane.scrollTo(0, target.offsetTop - pane.firstChild.offsetHeight);
    mark(pane, target.id);
  }
});

/* ---- Copying from a program takes the file's own text. ---- */

addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!selection.rangeCount) return;
  const range = selection.getRangeAt(0);
  const within = range.commonAncestorContainer;
  const element = within.nodeType === 1 ? within : within.parentElement;
  if (!element.closest(".source")) return;
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  for (const other of all("del, summary", copied)) other.remove();
  event.clipboardData.setData("text/plain", copied.textContent);
  event.preventDefault();
});

/* ---- A box is a Tab stop while it is scrolled, and no longer. ---- */

const sized = new ResizeObserver((seen) => {
  for (const {target} of seen) {
    target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  }
});
all("[role=group][tabindex]").forEach((box) => sized.observe(box));

/* ---- Ladders, a step at a time. ---- */

const WAIT = 1600; // ms for each step while it plays

/** What a row says: the way, the segment, both sides' calls. */
function said(rows, at) {
  const heads = rows[at].closest("table").tHead.rows[0].cells;
  const [left, wire, right] = [1, 2, 3].map((column) => {
    const cell = rows[at].cells[column];
    const words = cell ? cell.textContent.trim() : "";
    return words && (column === 2 || cell.colSpan > 1 ? `${words}.`
      : `${heads[column].textContent}: ${words}.`);
  });
  return [`Step ${at + 1} of ${rows.length}.`, wire, left, right]
    .filter(Boolean).join(" ");
}

/** Give a ladder its buttons. */
function steps(ladder) {
  const rows = all("tbody tr", ladder);
  const bar = document.createElement("div");
  const status = document.createElement("output");
  const name = ladder.querySelector("caption").textContent;
  let at = 0;
  let timer = 0;

  function go(to) {
    ladder.classList.add("stepped");
    at = Math.min(Math.max(to, 0), rows.length - 1);
    rows.forEach((row, number) => {
      row.classList.toggle("later", number > at);
      if (number === at) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    });
    status.textContent = said(rows, at);
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }

  function toggle() {
    if (timer) { pause(); return; }
    if (at === rows.length - 1) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      go(at + 1);
      if (at === rows.length - 1) pause();
    }, WAIT);
  }

  function button(words, does) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.addEventListener("click", does);
    bar.append(made);
    return made;
  }

  bar.className = "steps";
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", `Steps: ${name}`);
  button("First", () => { pause(); go(0); });
  button("Back", () => { pause(); go(at - 1); });
  button("Next", () => { pause(); go(at + 1); });
  button("Last", () => { pause(); go(rows.length - 1); });
  const play = button("Play", toggle);
  status.setAttribute("aria-live", "polite");
  bar.append(status);
  ladder.append(bar);
  rows[0].setAttribute("aria-current", "step");
}
all(".ladder").forEach(steps);

/* ---- On paper everything is open, and afterwards as before. ---- */

let shut = [];
addEventListener("beforeprint", () => {
  shut = all("main details:not([open])");
  shut.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => {
  shut.forEach((one) => { one.open = false; });
  shut = [];
});

look();
