// Keeps the page current: fetches it again and replaces <main>, unless the reader is doing something in it.
const main = () => document.querySelector("main[data-refresh]");
const seconds = Number(main().dataset.refresh);

async function refresh() {
  const busy = main().contains(document.activeElement) || String(getSelection());
  if (document.hidden || busy) return;
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin" });
    if (answer.redirected) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main[data-refresh]");
    if (!fresh) throw new Error("no status");
    main().replaceWith(document.adoptNode(fresh));
  } catch {
    main().classList.add("stale");
  }
}

setInterval(refresh, seconds * 1000);
