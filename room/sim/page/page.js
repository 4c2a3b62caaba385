// The simulated room's page: pictures, state and what a person can do there.
const $ = (id) => document.getElementById(id);
const note = (text, bad = false) => { $("note").textContent = text; $("note").className = bad ? "note bad" : "note"; };

const texts = {
  door: { locked: "Door locked", unlocked: "Door unlocked", open: "Door open" },
  light: { off: "off", here: "white, steady", here2: "green, one wink", here3: "magenta, two winks", here4: "cyan, three winks", suggest: "blue, slow", warn: "amber, fast" },
  did: { placed: "put on", removed: "taken from", moved: "moved to" },
  camera: [["on", "works"], ["off", "off the network"], ["frozen", "frozen picture"], ["covered", "covered"]],
};

// act asks the room to do something and says how it went.
async function act(action, saying) {
  if (saying) note(saying);
  try {
    const r = await fetch("/act", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(action) });
    const answer = await r.json();
    if (!r.ok) { note(sentence(answer.text), true); return false; }
    note(outcome(action, answer));
    return true;
  } catch {
    note("The simulated room does not answer.", true);
    return false;
  }
}

function sentence(text) {
  const s = text.replace(/: (conflict|invalid|not found)\b/g, "");
  return s.charAt(0).toUpperCase() + s.slice(1) + ".";
}

function outcome(action, r) {
  switch (action.do) {
    case "enter": return `${r.person} is in the room.`;
    case "leave": return r.parcel ? `${r.person} left with package ${r.parcel}.` : `${r.person} left.`;
    case "place": return `Package ${r.parcel} lies on ${r.slot}.`;
    case "take": return `Package ${r.parcel} was taken from ${r.slot}.`;
    case "move": return `Package ${r.parcel} lies on ${r.slot} now.`;
    case "card": case "qr": return r.heard ? "The reader has read it." : "Nobody listens to the reader: is the room service running?";
    default: return "Done.";
  }
}

const busy = { enter: "Walking in…", leave: "Walking out…", place: "Bringing the package…", take: "Going to take it…", move: "Going to move it…" };

for (const b of document.querySelectorAll("button[data-do]")) {
  b.addEventListener("click", () => guard(b, { do: b.dataset.do, force: b.dataset.force === "true" }));
}
for (const f of document.querySelectorAll("form[data-do]")) {
  f.addEventListener("submit", (e) => {
    e.preventDefault();
    guard(f.querySelector("button"), { do: f.dataset.do, ...Object.fromEntries(new FormData(f)) });
  });
}

// guard keeps a button from being pressed twice while its action goes on.
async function guard(button, action) {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  await act(action, busy[action.do]);
  button.removeAttribute("aria-disabled");
}

const lamp = $("lamp");
let dimming = 0;
lamp.addEventListener("input", () => {
  $("lampout").textContent = `${lamp.value} %`;
  clearTimeout(dimming);
  dimming = setTimeout(() => act({ do: "lamp", level: lamp.value / 100 }), 120);
});
for (const s of document.querySelectorAll("select[data-knob]")) knob(s, (state) => ({ do: s.dataset.knob, state }));

function knob(select, action) { select.addEventListener("change", () => act(action(select.value))); }

// Cameras: each picture asks for the next when it is shown, while the page is.
function camera(name) {
  const figure = document.createElement("figure");
  figure.innerHTML = `<div class="screen"><img alt=""><p class="gone" hidden>no picture</p></div><figcaption><span></span><a></a></figcaption>`;
  const img = figure.querySelector("img"), gone = figure.querySelector(".gone"), link = figure.querySelector("a");
  figure.querySelector("span").textContent = name;
  img.alt = `Picture of ${name}`;
  link.href = `/camera/${name}?full=1`;
  link.textContent = "full picture";
  link.style.color = "var(--accent)";
  $("cameras").append(figure);
  const next = () => { if (document.hidden) { setTimeout(next, 500); return; } img.src = `/camera/${name}?${Date.now()}`; };
  img.addEventListener("load", () => { gone.hidden = true; setTimeout(next, 180); });
  img.addEventListener("error", () => { gone.hidden = false; setTimeout(next, 1000); });
  next();

  const label = document.createElement("label");
  label.className = "field";
  label.append(`Camera ${name} `);
  const select = document.createElement("select");
  for (const [value, text] of texts.camera) select.append(new Option(text, value));
  knob(select, (state) => ({ do: "camera", camera: name, state }));
  label.append(select);
  $("camerastates").append(label);
  return select;
}

const cameras = new Map();
let heard = -1;
const clock = (t) => new Date(t).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function show(s) {
  for (const [name, state] of Object.entries(s.cameras).sort()) {
    if (!cameras.has(name)) cameras.set(name, camera(name));
    cameras.get(name).value = state;
  }
  pill("door", texts.door[s.door.state] + (s.door.propped ? ", propped" : ""), s.door.state === "unlocked" ? "good" : s.door.propped ? "warn" : "");
  const n = s.people.length;
  const hands = s.people.filter((p) => p.carries).map((p) => `${p.id} carries ${p.carries} (${p.size})`);
  pill("people", (n === 0 ? "Nobody inside" : n === 1 ? "1 person inside" : `${n} people inside`) + (hands.length ? ": " + hands.join(", ") : ""), n ? "good" : "");
  pill("laser", s.laser.on ? "Laser on" : "Laser dark", s.laser.on ? "warn" : "");
  $("contact").value = s.door.contact;
  $("devices").value = s.devices;
  if (document.activeElement !== lamp) { lamp.value = Math.round(s.lamp * 100); $("lampout").textContent = `${lamp.value} %`; }
  slots(s.slots);
  list("voice", [...s.voice].reverse().slice(0, 8), (v, li) => { li.append(time(v.at), v.text); if (v.urgent) li.className = "urgent"; }, "nothing yet");
  list("history", [...s.history].reverse(), (h, li) => li.append(time(h.at), `${h.parcel} (${h.size}) ${texts.did[h.type]} ${h.slot}${h.from_slot ? " from " + h.from_slot : ""} by ${h.person}`), "nothing yet");
  speak(s.voice);
}

function pill(id, text, kind) { const e = $(id); if (e.textContent !== text) e.textContent = text; e.className = "pill " + kind; }
function time(at) { const t = document.createElement("time"); t.dateTime = at; t.textContent = clock(at); return t; }

function list(id, items, fill, empty) {
  const key = JSON.stringify(items), ol = $(id);
  if (ol.dataset.key === key) return;
  ol.dataset.key = key;
  ol.replaceChildren(...items.map((i) => { const li = document.createElement("li"); fill(i, li); return li; }));
  if (!items.length) { const li = document.createElement("li"); li.textContent = empty; ol.append(li); }
}

// slots fills the table and the choices, keeping what is chosen.
function slots(all) {
  const key = JSON.stringify(all);
  if ($("slots").dataset.key === key) return;
  $("slots").dataset.key = key;
  $("slots").replaceChildren(...all.map((s) => {
    const tr = document.createElement("tr");
    const id = tr.insertCell(), light = tr.insertCell(), what = tr.insertCell();
    id.textContent = s.id;
    const dot = document.createElement("span");
    dot.className = "lamp " + s.light;
    light.append(dot, texts.light[s.light]);
    what.textContent = s.parcels.map((p) => `${p.id} (${p.size})`).join(", ") || "–";
    return tr;
  }));
  for (const select of document.querySelectorAll("select[data-slots]")) {
    const ids = all.filter((s) => select.dataset.slots === "all" || s.parcels.length).map((s) => s.id);
    const was = select.value;
    const now = ids.join();
    if (select.dataset.now === now) continue;
    select.dataset.now = now;
    select.replaceChildren(...(ids.length ? ids.map((i) => new Option(i)) : [new Option("none", "")]));
    if (ids.includes(was)) select.value = was;
  }
}

let hide = 0;
function speak(voice) {
  const last = voice.length ? Date.parse(voice.at(-1).at) : 0;
  const fresh = heard < 0 ? [] : voice.filter((v) => Date.parse(v.at) > heard);
  heard = Math.max(heard, last, 0);
  for (const v of fresh) {
    const said = $("said");
    said.textContent = `“${v.text}”`;
    said.className = v.urgent ? "said urgent" : "said";
    said.hidden = false;
    clearTimeout(hide);
    hide = setTimeout(() => { said.hidden = true; }, 9000);
    if (!$("aloud").checked || !("speechSynthesis" in window)) continue;
    if (v.urgent) speechSynthesis.cancel();
    const u = new SpeechSynthesisUtterance(v.text);
    u.lang = v.language || "en";
    speechSynthesis.speak(u);
  }
}

const events = new EventSource("/events");
events.onmessage = (e) => { $("line").hidden = true; show(JSON.parse(e.data)); };
events.onerror = () => { $("line").hidden = false; $("line").textContent = "Simulated room does not answer; trying again"; };
