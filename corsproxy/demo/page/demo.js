// Makes each call twice, directly and through the proxy, and tells what the browser let it read.
// A cell's outcome is "readable", "blocked" (by the browser) or "failed" (another cause).

const CONTACTS = "/api/contacts";
const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

const SHOWN = 120; // characters of a body

const API_GOT_IT =
  "The API got it; the page may not read the answer: it has no Access-Control-Allow-Origin.";
const sawNoLeave = (method) =>
  "The browser asked the API first (OPTIONS) and got 405 without CORS headers, " +
  `so the ${method} was never sent.`;

// Each case: what is sent, whether the browser preflights it and why, and what must come out.
// `run(side, scratch)` makes the call and returns the text to show.
const CASES = [
  {
    id: "get",
    title: "Read the contacts",
    request: `GET ${CONTACTS}`,
    preflight: "No preflight: GET without headers of its own.",
    blocked: API_GOT_IT,
    run: async (side) => show(await side.call("GET", CONTACTS)),
  },
  {
    id: "exposed-header",
    title: "Read a response header",
    request: `GET ${CONTACTS}\nthen response.headers.get("X-Total-Count")`,
    preflight: "No preflight. A page sees only a few headers unless the server exposes more.",
    blocked: API_GOT_IT,
    run: async (side) => {
      const response = await side.call("GET", CONTACTS);
      const total = response.headers.get("X-Total-Count");
      if (total === null) throw new Failure("X-Total-Count is not exposed to the page.");
      return { status: response.status, text: `X-Total-Count: ${total}` };
    },
  },
  {
    id: "post-form",
    title: "Add a contact with a form",
    request: `POST ${CONTACTS}\nContent-Type: ${FORM}`,
    preflight: "No preflight: any HTML form can send this.",
    blocked: API_GOT_IT,
    proof: (side, scratch) => scratch.kept(side),
    run: async (side, scratch) =>
      show(await side.call("POST", CONTACTS, new URLSearchParams(scratch.fields(side)))),
  },
  {
    id: "post-json",
    title: "Add a contact as JSON",
    request: `POST ${CONTACTS}\nContent-Type: ${JSON_TYPE}`,
    preflight: `Preflight: Content-Type ${JSON_TYPE} is not safelisted.`,
    blocked: sawNoLeave("POST"),
    run: async (side, scratch) => show(await side.json("POST", CONTACTS, scratch.fields(side))),
  },
  {
    id: "put",
    title: "Replace a contact",
    request: `PUT ${CONTACTS}/…\nContent-Type: ${JSON_TYPE}`,
    preflight: "Preflight: PUT is not safelisted, nor is the Content-Type.",
    blocked: sawNoLeave("PUT"),
    run: async (side, scratch) => {
      const path = await scratch.contact();
      return show(await side.json("PUT", path, scratch.fields(side)));
    },
  },
  {
    id: "delete",
    title: "Delete a contact",
    request: `DELETE ${CONTACTS}/…`,
    preflight: "Preflight: DELETE is not safelisted.",
    blocked: sawNoLeave("DELETE"),
    run: async (side, scratch) => show(await side.call("DELETE", await scratch.contact())),
  },
  {
    id: "patch",
    title: "Change a field of a contact",
    request: `PATCH ${CONTACTS}/…\nContent-Type: ${JSON_TYPE}`,
    preflight: "Preflight: PATCH is not safelisted, nor is the Content-Type.",
    blocked: sawNoLeave("PATCH"),
    refused: {
      text:
        "Refused, as intended: the route table does not list PATCH, " +
        "so corsproxy answered the preflight with 403. This line would allow it:",
      yaml: "allow_methods: [GET, POST, PUT, DELETE, PATCH]",
    },
    run: async (side, scratch) => {
      const path = await scratch.contact();
      return show(await side.json("PATCH", path, { phone: "" }));
    },
  },
  {
    id: "custom-header",
    title: "Send a header of one's own",
    request: `GET ${CONTACTS}/…\nX-Demo: 1`,
    preflight: "Preflight: X-Demo is not safelisted.",
    blocked: sawNoLeave("GET"),
    run: async (side, scratch) =>
      show(await side.call("GET", await scratch.contact(), null, { "X-Demo": "1" })),
  },
  {
    id: "credentials",
    title: "Log in and stay logged in",
    request: 'POST /api/login\nthen GET /api/me\nboth with credentials: "include"',
    preflight: "No preflight: a form and a GET; cookies do not change that.",
    blocked: "The API got the login; the page may not read the answer, and the call stops here.",
    run: async (side) => {
      const credentials = "include";
      const user = new URLSearchParams({ user: "elizabeth" });
      ok(await side.call("POST", "/api/login", user, {}, credentials));
      const shown = await show(await side.call("GET", "/api/me", null, {}, credentials));
      await side.call("POST", "/api/logout", null, {}, credentials);
      return shown;
    },
  },
];

// One of the two ways to the API.
class Side {
  constructor(name, origin) {
    this.name = name;
    this.origin = origin;
  }

  call(method, path, body = null, headers = {}, credentials = "omit") {
    const url = this.origin + path;
    return fetch(url, { method, body, headers, credentials, cache: "no-store" });
  }

  json(method, path, value) {
    return this.call(method, path, JSON.stringify(value), { "Content-Type": JSON_TYPE });
  }

  // fetch() fails alike for "blocked" and "nobody answers"; a no-cors request tells them apart.
  async answers() {
    try {
      await fetch(this.origin + CONTACTS, { mode: "no-cors", cache: "no-store" });
      return true;
    } catch {
      return false;
    }
  }

  expected(test) {
    return this.name === "direct" || test.refused ? "blocked" : "readable";
  }
}

// The contacts one run makes, through the proxy and otherwise; all are deleted at its end.
class Scratch {
  constructor(proxy) {
    this.proxy = proxy;
    this.name = `Visitor ${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  }

  fields(side) {
    return { name: `${this.name} (${side.name})`, email: "visitor@demo.example" };
  }

  // The path of a contact to work on: where the proxy is no help, any will do.
  async contact() {
    try {
      const mine = await this.mine();
      if (mine.length > 0) return `${CONTACTS}/${mine[0].id}`;
      const made = await this.proxy.json("POST", CONTACTS, this.fields(this.proxy));
      return `${CONTACTS}/${(await ok(made).json()).id}`;
    } catch {
      return `${CONTACTS}/1`;
    }
  }

  async mine() {
    const contacts = await ok(await this.proxy.call("GET", CONTACTS)).json();
    return contacts.filter((contact) => contact.name.startsWith(this.name));
  }

  // What the API did with a request whose answer was blocked: the other side can tell.
  async kept(side) {
    try {
      const { name } = this.fields(side);
      const contact = (await this.mine()).find((mine) => mine.name === name);
      return contact ? `Asked through corsproxy, the API does have it: contact ${contact.id}.` : "";
    } catch {
      return "";
    }
  }

  async clear() {
    try {
      for (const { id } of await this.mine()) {
        await this.proxy.call("DELETE", `${CONTACTS}/${id}`);
      }
    } catch {
      // Without the proxy the page can neither list nor delete; the API keeps a bounded number.
    }
  }
}

// The browser let the page read an answer, but not the one the case is about.
class Failure extends Error {}

function ok(response) {
  if (!response.ok) throw new Failure(`The page read an error: ${response.status}.`);
  return response;
}

async function show(response) {
  const text = (await ok(response).text()).trim();
  const start = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return { status: response.status, text: start || "(no content)" };
}

async function attempt(test, side, scratch) {
  try {
    return { outcome: "readable", ...(await test.run(side, scratch)) };
  } catch (error) {
    if (error instanceof Failure) return { outcome: "failed", reason: error.message };
    if (!(await side.answers())) {
      return { outcome: "failed", reason: `Nobody answers at ${side.origin}.` };
    }
    const proof = test.proof ? await test.proof(side, scratch) : "";
    return { outcome: "blocked", proof, ...reasonOf(test, side) };
  }
}

function reasonOf(test, side) {
  if (side.name === "direct") return { reason: test.blocked };
  if (test.refused) return { reason: test.refused.text, yaml: test.refused.yaml };
  return {
    reason:
      `corsproxy did not allow it. Is ${location.origin} the origin the route table names? ` +
      "localhost and 127.0.0.1 are different origins.",
  };
}

// The page.

const LABELS = { readable: "Readable", blocked: "Blocked by the browser", failed: "Failed" };

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function rowOf(test, sides) {
  const head = element(
    "th",
    { scope: "row" },
    element("span", { className: "title" }, test.title),
    element("code", { className: "request" }, test.request),
    element("span", { className: "preflight" }, test.preflight),
  );
  head.setAttribute("role", "rowheader");
  const row = element("tr", {}, head, ...sides.map((side) => cellOf(test, side)));
  row.setAttribute("role", "row");
  return row;
}

function cellOf(test, side) {
  const cell = element("td");
  cell.setAttribute("role", "cell");
  Object.assign(cell.dataset, { side: side.name, case: test.id, expected: side.expected(test) });
  cell.dataset.label = side.name === "direct" ? "Directly" : "Through corsproxy";
  cell.append(element("span", { className: "waiting" }, "waiting"));
  return cell;
}

function fill(cell, result) {
  const expected = result.outcome === cell.dataset.expected;
  cell.dataset.outcome = result.outcome;
  cell.dataset.match = expected ? "expected" : "unexpected";
  const status = result.status ? [element("span", { className: "code" }, `${result.status}`)] : [];
  const mark = expected ? "as expected" : `not as expected: should be ${cell.dataset.expected}`;
  cell.replaceChildren(
    element(
      "p",
      { className: "verdict" },
      element("strong", {}, LABELS[result.outcome]),
      ...status,
      element("span", { className: "mark" }, mark),
    ),
  );
  if (result.text) cell.append(element("code", { className: "body" }, result.text));
  if (result.reason) cell.append(element("p", {}, result.reason));
  if (result.proof) cell.append(element("p", {}, result.proof));
  if (result.yaml) cell.append(element("code", { className: "body" }, result.yaml));
}

function count(selector) {
  return document.querySelectorAll(selector).length;
}

function showTotals() {
  for (const side of ["direct", "proxy"]) {
    const readable = count(`td[data-side="${side}"][data-outcome="readable"]`);
    const total = `${readable} of ${CASES.length}`;
    document.querySelector(`[data-total="${side}"]`).textContent = total;
  }
}

function say(text) {
  document.getElementById("status").textContent = text;
}

async function runAll(sides) {
  const again = document.getElementById("again");
  again.disabled = true;
  document.body.dataset.done = "false";
  const rows = CASES.map((test) => rowOf(test, sides));
  document.getElementById("cases").replaceChildren(...rows);
  const scratch = new Scratch(sides[1]);
  say(`Running ${CASES.length} calls, each both ways.`);
  for (const [index, test] of CASES.entries()) {
    for (const [column, side] of sides.entries()) {
      fill(rows[index].cells[column + 1], await attempt(test, side, scratch));
      showTotals();
    }
  }
  await scratch.clear();
  const unexpected = count('[data-match="unexpected"]');
  const all = count("[data-outcome]");
  const verdict = unexpected ? `${unexpected} of ${all} results are not` : `All ${all} results are`;
  say(`${verdict} as expected.`);
  again.disabled = false;
  document.body.dataset.done = "true";
}

function showAddresses(config) {
  const addresses = { page: location.origin, api: config.api, proxy: config.proxy };
  for (const node of document.querySelectorAll("[data-address]")) {
    node.textContent = addresses[node.dataset.address];
  }
  if (config.inspector) {
    const note = document.getElementById("inspector");
    note.querySelector("a").href = config.inspector;
    note.hidden = false;
  }
}

async function start() {
  const config = await (await fetch("config.json")).json();
  showAddresses(config);
  document.getElementById("yaml").textContent = await (await fetch("corsproxy.yaml")).text();
  const sides = [new Side("direct", config.api), new Side("proxy", config.proxy)];
  document.getElementById("again").addEventListener("click", () => runAll(sides));
  await runAll(sides);
}

start().catch((error) => {
  say(`The page could not start: ${error.message}`);
  document.body.dataset.done = "true";
});
