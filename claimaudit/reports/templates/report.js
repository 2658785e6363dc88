"use strict";
// All that comes from a listing is put in as text: nothing here makes HTML from a string, and the page's policy forbids it.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const { items, listings, grounds, rules, sources } = data;
  const root = document.documentElement;
  const panel = $("case");
  const STORE = "claimaudit.decisions";
  const REVIEWER = "claimaudit.reviewer";
  const CHOICES = ["agree", "disagree", "reword"];
  const plain = (name) => name.replaceAll("_", " ").replaceAll("-", " ");
  const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

  /** An element with attributes and children; strings become text. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) node.setAttribute(name, value);
    node.append(...present(children));
    return node;
  }

  /** Children without those that are not there, however deep they lie. */
  const present = (children) => children.flat(Infinity).filter((child) => child !== null && child !== "");

  // --- Decisions: kept by content, in this browser ----------------------------------------------------------------

  let memory = "{}"; // where the browser keeps nothing
  let keeps = true;
  const isText = (value) => typeof value === "string";
  const isKey = (key) => /^k[0-9a-f]{20}$/.test(key);

  function load() {
    let raw = memory;
    try {
      if (keeps) raw = localStorage.getItem(STORE) ?? "{}";
    } catch {
      keeps = false;
    }
    const decisions = new Map();
    try {
      for (const [key, value] of Object.entries(JSON.parse(raw))) {
        const clean = cleaned(value);
        if (isKey(key) && clean) decisions.set(key, clean);
      }
    } catch {} // not ours, or damaged: begin anew
    return decisions;
  }

  function cleaned(value) {
    if (value === null || typeof value !== "object" || !CHOICES.includes(value.decision)) return null;
    const text = (name) => (isText(value[name]) ? value[name].slice(0, 4000) : "");
    return {
      decision: value.decision, reason: text("reason"), wording: text("wording"), reviewer: text("reviewer"),
      decided_at: text("decided_at"), kind: text("kind"),
    };
  }

  function keep(change) {
    decisions = load(); // another tab may have decided meanwhile
    change(decisions);
    memory = JSON.stringify(Object.fromEntries(decisions));
    try {
      if (keeps) localStorage.setItem(STORE, memory);
    } catch {
      keeps = false;
    }
    if (!keeps) $("d-status").textContent = "This browser keeps nothing: export before you close the page.";
  }

  let decisions = load();

  const says = (text) => /[\p{L}\p{N}]{2}/u.test(text);
  /** What `review apply` would refuse about a decision, as words; empty if nothing. */
  function lacks(decision) {
    const need = data.needs[decision.decision];
    return need && !need.fields.some((name) => says(decision[name])) ? need.message : "";
  }
  /** Who decided: what a loaded file says, else whoever is named here now, so that a name given late stands for all. */
  const decider = (decision) => decision.reviewer || $("d-reviewer").value.trim();
  /** The decision on a claim, if it can be applied. */
  function made(item) {
    const decision = decisions.get(item.key);
    return decision && !lacks(decision) ? decision : undefined;
  }

  const flagged = new Map(); // by key; a sentence that stands twice may be judged otherwise there
  for (const item of items) {
    if (!["contradicted", "overstated"].includes(item.kind)) continue;
    if (!flagged.has(item.key)) flagged.set(item.key, []);
    flagged.get(item.key).push(item);
  }
  /** The claims that a decision on this one speaks of: a baseline holds what is flagged under one key as one finding. */
  const decidedWith = (item) => flagged.get(item.key) ?? [item];
  const gravest = (item) => decidedWith(item).find((one) => one.kind === "contradicted")?.kind ?? decidedWith(item)[0].kind;

  function decide(index, decision, reason, wording) {
    const item = items[index];
    keep((all) => {
      if (decision === null) all.delete(item.key);
      else
        all.set(item.key, {
          decision, reason, wording, reviewer: "", decided_at: new Date().toISOString(), kind: gravest(item),
        });
    });
    showDecisions([...items.keys()].filter((other) => items[other].key === item.key));
  }

  // --- Export and import ------------------------------------------------------------------------------------------

  const FIELDS = [
    "key", "listing_id", "field", "claim_type", "sentence", "text", "verdict", "decision", "reason", "wording", "reviewer",
    "decided_at", "verdict_when_decided", "pack", "model", "version", "grounds", "rules",
  ];

  function exported() {
    const seen = new Set();
    const rows = [];
    for (const item of items) {
      const decision = made(item);
      if (!decision || seen.has(item.key)) continue;
      seen.add(item.key);
      const kind = gravest(item);
      const marks = (entries, places) => [...new Set(decidedWith(item).flatMap(places).map((place) => entries[place].mark))];
      rows.push({
        key: item.key, listing_id: listings[item.listing].id, field: item.field, claim_type: item.claim_type,
        sentence: item.sentence, text: item.text, verdict: kind === "near-miss" ? null : kind, decision: decision.decision, reason: decision.reason,
        wording: decision.wording, reviewer: decider(decision), decided_at: decision.decided_at,
        verdict_when_decided: decision.kind === "near-miss" ? null : decision.kind, pack: item.pack, model: item.model,
        version: item.version, grounds: marks(grounds, (one) => [...one.limitations, ...one.permissions]),
        rules: marks(rules, (one) => one.rules),
      });
    }
    return rows;
  }

  const asJson = () =>
    JSON.stringify({ format: "claimaudit-decisions", version: 1, signatures: data.signatures, decisions: exported() }, null, 2) + "\n";

  /** A cell that a spreadsheet would run begins with an apostrophe, as in the CSV of the command line. */
  function cell(value) {
    let text = Array.isArray(value) ? value.join("; ") : value ?? "";
    if (/^[=+\-@\t\r]/.test(text)) text = "'" + text;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  const asCsv = () => "\ufeff" + [FIELDS, ...exported().map((row) => FIELDS.map((name) => row[name]))]
    .map((row) => row.map(cell).join(",") + "\r\n").join("");

  function save(name, type, text) {
    const lacking = new Set(items.filter((item) => decisions.has(item.key) && !made(item)).map((item) => item.key)).size;
    const leftOut = lacking ? ` ${lacking} left out: a reason or wording is missing.` : "";
    const count = exported().length;
    if (!count) {
      $("d-status").textContent = `Nothing to export yet.${leftOut}`;
      return;
    }
    const address = URL.createObjectURL(new Blob([text], { type }));
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    $("d-status").textContent = `${counted(count, "decision")} exported as ${name}.${leftOut}`;
  }

  async function take(file) {
    let rows;
    try {
      rows = JSON.parse(await file.text()).decisions;
    } catch {}
    if (!Array.isArray(rows)) {
      $("d-status").textContent = "This file holds no decisions: choose one that was exported here as JSON.";
      return;
    }
    let taken = 0;
    keep((all) => {
      for (const row of rows) {
        const clean = row && cleaned({ ...row, kind: row.verdict_when_decided ?? "near-miss" });
        if (!clean || !isText(row.key) || !isKey(row.key)) continue;
        if ((all.get(row.key)?.decided_at ?? "") > clean.decided_at) continue; // the later one stands
        all.set(row.key, clean);
        taken += 1;
      }
    });
    $("d-status").textContent = `${counted(taken, "decision")} of ${rows.length} loaded.`;
    showDecisions(items.keys());
  }

  // --- Where the claims stand in the page -------------------------------------------------------------------------

  const parts = items.map(() => ({ marks: [], ref: null, note: null }));
  for (const mark of document.querySelectorAll(".m")) parts[mark.dataset.i].marks.push(mark);
  for (const ref of document.querySelectorAll(".ref")) {
    parts[ref.dataset.i].ref = ref;
    ref.setAttribute("role", "button"); // without the script it leads to the note below the copy
    ref.setAttribute("aria-expanded", "false");
  }
  for (const note of document.querySelectorAll(".note")) parts[note.dataset.i].note = note;
  const articles = [...document.querySelectorAll("article.listing")].sort((a, b) => a.dataset.l - b.dataset.l);
  const entries = new Map([...document.querySelectorAll(".queue li")].map((li) => [Number(li.dataset.l), li]));
  const ofListing = listings.map(() => []);
  items.forEach((item, index) => ofListing[item.listing].push(index));

  function showDecisions(indices) {
    for (const index of indices) {
      const decision = decisions.get(items[index].key);
      const place = parts[index].note?.querySelector(".decided");
      if (!place) continue;
      place.hidden = !decision;
      const lacking = Boolean(decision && lacks(decision));
      place.classList.toggle("lacking", lacking);
      place.textContent = !decision ? "" : lacking ? `${decision.decision}, not complete` : decision.decision + (decision.reason ? `: ${decision.reason}` : "");
    }
    const open = items.filter((item) => item.open);
    const done = open.filter(made).length;
    const nameless = items.some((item) => made(item) && !decider(made(item)));
    $("d-need").textContent = nameless ? "Nobody is named: give a name here, or --reviewer to `review apply`." : "";
    $("p-bar").value = done;
    $("p-text").textContent = `${done} of ${open.length}`;
    for (const [listing, li] of entries) {
      const waiting = ofListing[listing].filter((index) => items[index].open);
      li.classList.toggle("done", waiting.length > 0 && waiting.every((index) => made(items[index])));
    }
    if (filters.decision) apply();
    if (current !== null) showForm();
  }

  // --- Filters ----------------------------------------------------------------------------------------------------

  const filters = { kinds: new Set(), type: "", setting: "", listing: "", decision: "", words: [] };
  let shown = [];
  let isShown = items.map(() => true);
  const heard = new Map(); // what search looks at, made when it is first needed

  function haystack(index) {
    let text = heard.get(index);
    if (text === undefined) {
      const item = items[index];
      text = [item.sentence, item.claim_type, plain(item.claim_type), listings[item.listing].id].join("\n").toLowerCase();
      heard.set(index, text);
    }
    return text;
  }

  const copyText = (listing) => `${listings[listing].id}\n${articles[listing].querySelector(".copy").textContent}`.toLowerCase();

  function matches(index) {
    const item = items[index];
    if (!(filters.kinds.has(item.kind) || (item.review && filters.kinds.has("review")))) return false;
    if (filters.type && item.claim_type !== filters.type) return false;
    if (filters.decision) {
      const decision = made(item)?.decision;
      if (filters.decision === "none" ? decision : filters.decision === "any" ? !decision : decision !== filters.decision) return false;
    }
    return filters.words.every((word) => haystack(index).includes(word));
  }

  function apply() {
    filters.kinds = new Set([...document.querySelectorAll('input[name="kind"]:checked')].map((box) => box.value));
    for (const name of ["type", "setting", "listing", "decision"]) filters[name] = $(`f-${name}`).value;
    filters.words = $("f-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const asksForClaims = filters.type !== "" || filters.decision !== "";
    shown = [];
    let visible = 0;
    articles.forEach((article, listing) => {
      const inPlace =
        (!filters.setting || listings[listing].setting === filters.setting) && (!filters.listing || Number(filters.listing) === listing);
      let found = 0;
      for (const index of ofListing[listing]) {
        const show = inPlace && matches(index);
        if (show) shown.push(index), (found += 1);
        if (show !== isShown[index]) {
          isShown[index] = show;
          for (const node of [...parts[index].marks, parts[index].ref, parts[index].note]) node?.classList.toggle("off", !show);
        }
      }
      // A listing with nothing to mark stays in view unless claims were asked for: silence is shown too.
      const calm = inPlace && !asksForClaims && !ofListing[listing].some((index) => items[index].open) &&
        filters.words.every((word) => copyText(listing).includes(word));
      const show = found > 0 || calm;
      visible += show;
      article.hidden = !show;
      const entry = entries.get(listing);
      if (entry) entry.hidden = !show;
    });
    const clean = $("clean");
    if (clean) clean.hidden = !clean.querySelector("article:not([hidden])");
    $("empty").hidden = visible > 0;
    $("empty").textContent = visible ? "" : "Nothing here answers to these filters.";
    $("f-clear").hidden = !(filters.type || filters.setting || filters.listing || filters.decision || filters.words.length);
    $("live").textContent = `${counted(shown.length, "claim")} in ${counted(visible, "listing")} shown`;
    for (const pick of document.querySelectorAll(".pick")) pick.setAttribute("aria-pressed", String(pick.dataset.type === filters.type));
    if (current !== null) place();
  }

  // --- The case ---------------------------------------------------------------------------------------------------

  let current = null;
  let opener = null;

  function link(source) {
    let address = null;
    try {
      address = source.link ? new URL(source.link) : null;
    } catch {}
    const isWeb = address !== null && ["http:", "https:"].includes(address.protocol);
    return isWeb
      ? el("a", { href: address.href, target: "_blank", rel: "noopener noreferrer external" }, source.citation)
      : source.citation;
  }

  const sourceList = (places) => el("ul", { class: "sources" }, places.map((place) => el("li", {}, link(sources[place]))));

  function grade(confidence) {
    const dots = { high: "●●●", moderate: "●●○", low: "●○○" }[confidence] ?? "○○○";
    return el("span", { class: "grade" }, el("span", { class: "dots", "aria-hidden": "true" }, dots), ` ${confidence} confidence`);
  }

  function ground(place) {
    const entry = grounds[place];
    return el("div", { class: "ground" },
      el("p", {}, entry.statement),
      el("p", {}, grade(entry.confidence), el("span", { class: "soft" }, ` · ${entry.id} · reviewed ${entry.reviewed_on}, due by ${entry.review_by}`)),
      entry.kind === "limitation" && entry.ceiling ? el("p", {}, el("span", { class: "soft" }, "Holds at most: "), `${entry.ceiling}.`) : null,
      entry.figures.length ? el("ul", { class: "figs" }, entry.figures.map((fact) => el("li", {}, fact))) : null,
      sourceList(entry.sources),
      entry.notes ? el("p", { class: "soft" }, entry.notes) : null);
  }

  function fold(title, ...children) {
    return el("details", {}, el("summary", {}, title), ...children);
  }

  function section(title, ...children) {
    return [el("h4", {}, title), ...children];
  }

  function groundsOf(title, places) {
    if (!places.length) return [];
    const [first, ...rest] = places;
    return section(title, ground(first), rest.length ? fold(`${rest.length} more`, rest.map(ground)) : null);
  }

  function documentsOf(documents) {
    if (!documents.length) return [];
    return section("Substantiation on file", documents.map((one) => el("div", { class: "ground" },
      el("p", {}, one.title),
      el("p", {}, el("span", { class: "soft" }, [one.id, one.issued && `issued ${one.issued}`, one.expires ? `until ${one.expires}` : "without an end"].filter(Boolean).join(" · "))),
      one.reference ? el("p", {}, one.reference) : null)),
      el("p", { class: "soft" }, "Whether it proves the claim is for a reader to say: the verdict stands."));
  }

  function rulesOf(places) {
    if (!places.length) return [];
    const groups = new Map();
    for (const place of places) {
      const name = rules[place].jurisdiction;
      groups.set(name, [...(groups.get(name) ?? []), rules[place]]);
    }
    return section("Rules", [...groups].map(([name, found]) =>
      fold(`${name.toUpperCase()} · ${counted(found.length, "rule")}`, found.map((rule) =>
        el("div", { class: "ground" },
          el("p", {}, rule.statement),
          el("p", {}, `${rule.authority}. ${rule.instrument}, ${rule.provision}.`),
          rule.acceptable ? el("p", {}, el("span", { class: "soft" }, "Acceptable: "), rule.acceptable) : null,
          sourceList(rule.sources))))));
  }

  const sign = (kind) => el("span", { class: `sign ${kind}`, "aria-hidden": "true" });

  function others(index) {
    const item = items[index];
    const near = (other) => Number(items[other].unit !== item.unit);
    const found = ofListing[item.listing]
      .filter((other) => other !== index && (items[other].unit === item.unit || items[other].kind === "near-miss" || items[other].review))
      .sort((a, b) => near(a) - near(b) || a - b);
    if (!found.length) return [];
    const row = (other) => {
      const it = items[other];
      const button = el("button", { type: "button" }, sign(it.kind),
        el("span", {}, `${plain(it.claim_type)} `, el("q", {}, it.text),
          it.review ? el("span", { class: "badge" }, " for review") : null,
          el("span", { class: "reason" }, it.kind === "near-miss" ? it.message : `${it.kind}${it.unit === item.unit ? ", in the same sentence" : ""}`)));
      button.addEventListener("click", () => open(other, { focus: true, reveal: true }));
      return el("li", {}, button);
    };
    const list = (some) => el("ul", { class: "also" }, some.map(row));
    return section("Also heard here", list(found.slice(0, 6)), found.length > 6 ? fold(`${found.length - 6} more`, list(found.slice(6, 106))) : null);
  }

  function draw(index) {
    const item = items[index];
    const listing = listings[item.listing];
    const facts = [`${item.strength}, ${item.assertion}`, item.kind === "near-miss" ? null : `confidence ${item.confidence.toFixed(2)}`,
      plain(item.setting), item.modality.length ? item.modality.map(plain).join(", ") : null,
      item.conditions.length ? item.conditions.map(plain).join(", ") : null, `characters ${item.start}–${item.end}`];
    const [before, claim, after] = item.words;
    $("c-body").replaceChildren(...present([
      el("p", { class: `verdict ${item.kind}` }, sign(item.kind), plain(item.kind)[0].toUpperCase() + plain(item.kind).slice(1),
        item.review ? el("span", { class: "badge" }, "  for review") : null,
        item.documents.length ? el("span", { class: "held" }, "  covered") : null),
      el("h3", { id: "c-title", tabindex: "-1" }, plain(item.claim_type)),
      el("p", { class: "soft" }, el("bdi", {}, listing.id), ` · ${item.number}`),
      el("blockquote", { dir: "auto" }, before, el("mark", {}, claim), after),
      el("p", { class: "facts" }, facts.filter(Boolean).join(" · ")),
      (item.kind === "near-miss" ? section("Why there is no verdict", el("p", {}, item.message)) : []),
      (item.suggestion ? section("A wording that would hold", el("p", { class: "holds" }, item.suggestion)) : []),
      (item.disclaimers.length ? section("Said elsewhere to qualify it", item.disclaimers.map(([text, tie]) =>
        el("p", {}, el("q", { dir: "auto" }, text), el("span", { class: "soft" }, ` ${tie}`))),
        el("p", { class: "soft" }, "It lowers nothing: the verdict is on the claim's own sentence.")) : []),
      documentsOf(item.documents),
      groundsOf("What the evidence rules out", item.limitations),
      groundsOf("What the evidence carries", item.permissions),
      (item.kind !== "near-miss" && item.message && !item.limitations.length ? section("In short", el("p", {}, item.message)) : []),
      rulesOf(item.rules),
      section("How it came about", el("ol", { class: "why" }, item.why.map(([kind, value, detail]) =>
        el("li", {}, el("span", { class: "kind" }, kind), el("span", {}, value, detail ? el("span", { class: "detail" }, ` (${detail})`) : null))))),
      others(index),
    ]));
    $("c-body").scrollTop = 0;
  }

  function showForm() {
    const decision = decisions.get(items[current].key);
    for (const radio of $("c-form").elements.decision) radio.checked = radio.value === decision?.decision;
    $("c-reason-l").hidden = !decision;
    $("c-wording-l").hidden = decision?.decision !== "reword";
    $("c-undo").hidden = !decision;
    for (const name of ["reason", "wording"]) {
      const box = $(`c-${name}`);
      if (document.activeElement !== box) box.value = decision?.[name] ?? "";
    }
    const lacking = decision ? lacks(decision) : "";
    const needed = lacking ? data.needs[decision.decision].fields[0] : "";
    $("c-need").textContent = lacking && lacking[0].toUpperCase() + lacking.slice(1);
    for (const name of ["reason", "wording"]) $(`c-${name}`).setAttribute("aria-invalid", String(name === needed));
    if (needed) $(`c-${needed}-l`).after($("c-need"));
    const changed = decision && decision.kind !== gravest(items[current]);
    $("c-status").textContent = !decision || lacking ? "" : `Decided ${decision.decided_at.slice(0, 10)}${decider(decision) ? ` by ${decider(decision)}` : ""}` +
      (changed ? `, when it was ${plain(decision.kind)}: look again.` : ".");
  }

  function place() {
    const at = shown.indexOf(current);
    $("c-place").textContent = at < 0 ? "outside the filter" : `${at + 1} of ${shown.length}`;
  }

  function mark(index, on) {
    for (const node of parts[index].marks) node.classList.toggle("on", on);
    for (const node of [parts[index].ref, parts[index].note?.querySelector(".open")]) node?.setAttribute("aria-expanded", String(on));
  }

  function open(index, { focus = false, reveal = false } = {}) {
    flush();
    if (current !== null) mark(current, false);
    const isNew = current === null;
    current = index;
    panel.hidden = false;
    fit();
    panel.classList.toggle("enter", isNew);
    root.classList.add("reading");
    mark(index, true);
    draw(index);
    showForm();
    place();
    const article = articles[items[index].listing];
    const details = article.querySelector("details");
    if (details) details.open = true;
    const target = parts[index].ref && !parts[index].ref.classList.contains("off") ? parts[index].ref : parts[index].note?.querySelector(".open");
    opener = target;
    for (const li of document.querySelectorAll(".queue li.here")) li.classList.remove("here");
    entries.get(items[index].listing)?.classList.add("here");
    if (reveal) (parts[index].marks[0] ?? target)?.scrollIntoView({ block: "center" });
    else clear();
    if (focus) $("c-title").focus({ preventScroll: true });
    else target?.focus({ preventScroll: true });
  }

  /** On a narrow window the case lies over the copy: its claim stays in view above it. On a wide one the summary may have pushed the case
      down: the page goes up until the decision at its end is in view. */
  function clear() {
    if (!wide.matches) (parts[current].marks[0] ?? opener)?.scrollIntoView({ block: "nearest" });
    else scrollBy(0, Math.max(0, panel.getBoundingClientRect().bottom + 16 - innerHeight));
  }

  function close() {
    if (current === null) return;
    flush();
    mark(current, false);
    current = null;
    panel.hidden = true;
    root.classList.remove("reading");
    for (const li of document.querySelectorAll(".queue li.here")) li.classList.remove("here");
    opener?.focus({ preventScroll: true });
  }

  function step(by) {
    if (!shown.length) return;
    const from = current ?? Number(document.activeElement?.dataset?.i ?? NaN);
    const at = shown.indexOf(from);
    let next;
    if (Number.isNaN(from)) next = nearest();
    else if (at >= 0) next = shown[at + by];
    else next = by > 0 ? shown.find((index) => index > from) : shown.findLast((index) => index < from);
    if (next !== undefined) open(next, { reveal: true });
    else $("live").textContent = by > 0 ? "This is the last claim." : "This is the first claim.";
  }

  /** The first claim that is shown at or below the top of the window. */
  function nearest() {
    for (const article of articles) {
      if (article.hidden || article.getBoundingClientRect().bottom < 120) continue;
      const index = ofListing[Number(article.dataset.l)].find((one) => isShown[one] && (parts[one].ref ?? parts[one].note).getBoundingClientRect().top >= 60);
      if (index !== undefined) return index;
    }
    return shown[0];
  }

  // --- What the hand does -----------------------------------------------------------------------------------------

  let late = 0;
  function flush() {
    if (!late) return;
    clearTimeout(late);
    late = 0;
    write();
  }
  function write() {
    const choice = $("c-form").elements.decision.value;
    if (current !== null && choice) decide(current, choice, $("c-reason").value, choice === "reword" ? $("c-wording").value : "");
  }

  function choose(decision) {
    if (current === null) return;
    const before = decisions.get(items[current].key);
    const wording = decision === "reword" ? before?.wording || $("c-wording").value || items[current].suggestion : "";
    decide(current, decision, decision === null ? "" : $("c-reason").value, wording);
    clear();
    $("live").textContent = decision === null ? "Decision taken back." : made(items[current]) ? `${decision}, kept.` : "";
  }

  $("c-form").addEventListener("submit", (event) => event.preventDefault());
  $("c-form").addEventListener("change", (event) => event.target.name === "decision" && choose(event.target.value));
  $("c-form").addEventListener("input", (event) => {
    if (event.target.tagName !== "TEXTAREA") return;
    clearTimeout(late);
    late = setTimeout(flush, 300);
  });
  $("c-form").addEventListener("focusout", flush);
  addEventListener("pagehide", flush);
  $("c-undo").addEventListener("click", () => { choose(null); $("c-title").focus({ preventScroll: true }); });
  $("c-close").addEventListener("click", close);
  $("c-prev").addEventListener("click", () => step(-1));
  $("c-next").addEventListener("click", () => step(1));

  $("listings").addEventListener("click", (event) => {
    if (event.detail && getSelection()?.toString()) return; // somebody copies words, and opens nothing
    const found = event.target.closest(".m, .ref, .note .open");
    if (!found) return;
    event.preventDefault();
    let node = found;
    while (node?.classList.contains("off")) node = node.parentElement.closest(".m"); // the claim below, where this one is filtered out
    if (node) open(Number(node.dataset.i), { focus: event.detail === 0 || !wide.matches });
  });
  for (const pick of document.querySelectorAll(".pick"))
    pick.addEventListener("click", () => {
      $("f-type").value = $("f-type").value === pick.dataset.type ? "" : pick.dataset.type;
      apply();
    });
  for (const box of document.querySelectorAll(".filters input, .filters select")) box.addEventListener("change", apply);
  let typing = 0;
  $("f-search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(apply, 120); });
  $("f-clear").addEventListener("click", () => {
    for (const name of ["type", "setting", "listing", "decision", "search"]) $(`f-${name}`).value = "";
    apply();
    $("f-search").focus();
  });
  function toggle(button, target) {
    button.addEventListener("click", () => {
      const shows = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(shows));
      if (target.id === "filters") target.classList.toggle("shown", shows);
      else target.hidden = !shows;
    });
  }
  toggle($("f-toggle"), $("filters"));
  toggle($("d-toggle"), $("decisions"));
  toggle($("k-toggle"), $("keys"));
  $("d-json").addEventListener("click", () => { flush(); save("claimaudit-decisions.json", "application/json", asJson()); });
  $("d-csv").addEventListener("click", () => { flush(); save("claimaudit-decisions.csv", "text/csv;charset=utf-8", asCsv()); });
  $("d-load").addEventListener("change", async (event) => {
    if (event.target.files[0]) await take(event.target.files[0]);
    event.target.value = "";
  });
  try {
    $("d-reviewer").value = localStorage.getItem(REVIEWER) ?? "";
  } catch {}
  $("d-reviewer").addEventListener("input", (event) => {
    try {
      localStorage.setItem(REVIEWER, event.target.value);
    } catch {}
    showDecisions([]);
  });
  addEventListener("storage", (event) => {
    if (event.key !== STORE && event.key !== null) return; // null: all was cleared
    decisions = load();
    showDecisions(items.keys());
  });

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !(event.target instanceof Element)) return;
    const types = event.target.closest('input:not([type="checkbox"], [type="radio"]), textarea, select') !== null;
    if (event.key === "Escape") {
      if (types && panel.contains(event.target)) $("c-title").focus({ preventScroll: true });
      else if (types) event.target.blur();
      else close();
      return;
    }
    if (event.key === " " && event.target.classList.contains("ref")) {
      event.preventDefault();
      event.target.click();
      return;
    }
    if (types || !$("k-on").checked) return;
    const act = {
      j: () => step(1), k: () => step(-1), a: () => choose("agree"), d: () => choose("disagree"), r: () => choose("reword"),
      "/": () => $("f-search").focus(), "?": () => $("k-toggle").click(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    if (event.key === "d" && current !== null) $("c-reason").focus();
    if (event.key === "r" && current !== null) $("c-wording").focus();
  });

  // --- Begin ------------------------------------------------------------------------------------------------------

  const measure = () => root.style.setProperty("--tools", `${document.querySelector(".tools").offsetHeight + 24}px`);
  /** The case ends where the window does, also while the summary still pushes it down. */
  const fit = () => {
    if (!panel.hidden && wide.matches) root.style.setProperty("--room", `${Math.max(320, innerHeight - Math.max(panel.getBoundingClientRect().top, 0) - 16)}px`);
  };
  addEventListener("scroll", fit, { passive: true });
  const wide = matchMedia("(min-width: 72.01rem)");
  const settle = () => { document.querySelector(".queue details").open = wide.matches; };
  wide.addEventListener("change", settle);
  addEventListener("resize", fit);
  new ResizeObserver(() => { measure(); fit(); }).observe(document.querySelector(".tools"));
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")].filter((one) => !one.closest(".queue, .case"));
    for (const one of folded) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of folded) one.open = false; });

  root.classList.add("js");
  document.querySelector(".tools").hidden = false;
  settle();
  apply();
  showDecisions(items.keys());
})();
