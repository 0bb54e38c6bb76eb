// What the report's page does by itself: theme, filters over the transcripts, opening what a link leads to, saving
// figures and charts, and opening the principles for print. The page reads completely without it.

const root = document.documentElement;
const themes = ["system", "light", "dark"];

const stored = () => {
  try {
    return localStorage.getItem("covenant-theme") ?? "system";
  } catch {
    return "system"; // Pages opened from a file may have no storage.
  }
};

const setUpTheme = () => {
  const button = document.querySelector("[data-theme-button]");
  if (!button) return;
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    button.textContent = `Theme: ${theme}`;
    button.dataset.current = theme;
  };
  apply(stored());
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(button.dataset.current) + 1) % themes.length];
    apply(next);
    try {
      localStorage.setItem("covenant-theme", next);
    } catch {
      // The choice then lasts as long as the page.
    }
  });
};

const setUpTranscripts = () => {
  const list = document.querySelector("[data-transcripts]");
  const form = document.querySelector("[data-filters]");
  const more = document.querySelector("[data-more]");
  if (!list || !form || !more) return;
  const items = [...list.querySelectorAll(":scope > details")].map((element) => ({
    element,
    text: element.textContent.toLowerCase(),
  }));
  const atFirst = 12;
  let showAll = items.length <= atFirst + 4;
  const update = () => {
    const wanted = [...form.querySelectorAll("[data-filter]")].filter((select) => select.value !== "");
    const words = form
      .querySelector("[data-search]")
      .value.toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const free = wanted.length === 0 && words.length === 0;
    const matching = items.filter(
      ({ element, text }) =>
        wanted.every((select) => element.dataset[select.dataset.filter].split(" ").includes(select.value)) &&
        words.every((word) => text.includes(word)),
    );
    const visible = new Set(free && !showAll ? matching.slice(0, atFirst) : matching);
    for (const item of items) item.element.hidden = !visible.has(item);
    form.querySelector("[data-count]").textContent =
      matching.length === 1 ? "1 conversation" : `${matching.length} conversations`;
    more.hidden = visible.size === matching.length;
    more.textContent = `Show all ${matching.length}`;
  };
  more.addEventListener("click", () => {
    showAll = true;
    update();
  });
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  update();
};

const save = (name, text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
};

const setUpSaving = () => {
  const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
  const pretty = (value) => `${JSON.stringify(value, null, 2)}\n`;
  for (const button of document.querySelectorAll("[data-specification]")) {
    const name = button.dataset.specification;
    button.hidden = false;
    button.addEventListener("click", () =>
      save(`${name}.vl.json`, pretty(read("data-specifications")[name])),
    );
  }
  for (const element of document.querySelectorAll("[data-downloads]")) element.hidden = false;
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () =>
      save(button.dataset.name, pretty(read(`data-${button.dataset.save}`))),
    );
  }
};

const setUpPrint = () => {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.principle:not([open])")];
    for (const element of opened) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of opened) element.open = false;
  });
};

/** A link to something folded away, or left out of the list, shows it. */
const setUpTargets = () => {
  const show = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    target.hidden = false;
    for (let element = target; element; element = element.parentElement) {
      if (element.localName === "details") element.open = true;
    }
    target.scrollIntoView({ block: "start" });
    target.querySelector(":scope > summary")?.focus({ preventScroll: true });
  };
  addEventListener("hashchange", show);
  for (const link of document.querySelectorAll(".onwards a")) {
    link.addEventListener("click", () => link.hash === location.hash && show());
  }
  if (location.hash.length > 1) show();
};

const setUpContents = () => {
  const links = new Map(
    [...document.querySelectorAll("nav a")].map((link) => [link.getAttribute("href").slice(1), link]),
  );
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const mark = () => {
    const current = sections.findLast((section) => section.getBoundingClientRect().top < innerHeight * 0.35);
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  mark();
};

setUpTheme();
setUpContents();
setUpTranscripts();
setUpTargets();
setUpSaving();
setUpPrint();
