// What htmx cannot say by itself: that the session ended, that something failed, that the reader is busy.
const notice = (text) => { document.getElementById("notice").textContent = text; };
const live = (element) => element.closest("[data-live]");

document.addEventListener("htmx:beforeRequest", (event) => {
  // A part that refreshes itself waits while somebody reads something out of it, or looks elsewhere.
  const part = live(event.detail.elt);
  if (part !== event.detail.elt) return;
  const busy = part.contains(document.activeElement) || String(getSelection());
  if (document.hidden || busy) event.preventDefault();
});

document.addEventListener("htmx:configRequest", (event) => {
  // An address says what is asked for, not what is not.
  const { verb, formData } = event.detail;
  if (verb !== "get") return;
  for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (new URL(xhr.responseURL || location.href, location.href).pathname === "/login") {
    event.detail.shouldSwap = false;
    location.assign("/login");
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  notice("");
  live(event.detail.elt)?.classList.remove("stale");
});

document.addEventListener("htmx:sendError", (event) => {
  notice(document.body.dataset.away);
  live(event.detail.elt)?.classList.add("stale");
});

document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const why = page.querySelector("main [data-detail]")?.textContent ?? "";
  notice(`${document.body.dataset.failed} ${why}`.trim());
});

// A form that takes its time says so, and is not sent twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  form.querySelector("button")?.setAttribute("aria-busy", "true");
  document.getElementById("loading").classList.add("htmx-request");
});

addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  document.getElementById("loading").classList.remove("htmx-request");
});
