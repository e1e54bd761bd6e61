/* The progress of an import, as it happens: any element with data-import-progress="<id>" is kept up to date, and when the import
   has ended the page is loaded anew, which shows what came of it. Without script the page says what it said when it was loaded. */
"use strict";

const QUERY = "subscription ($id: ID!) { importProgress(id: $id) { state position attempts } }";

function show(element, found) {
  if (!found) return;
  if (found.state !== "RUNNING") {
    location.reload();
    return;
  }
  const attempt = found.attempts > 1 ? `, attempt ${found.attempts}` : "";
  element.textContent = `${found.position} results done${attempt}`;
}

async function follow(element) {
  const answer = await fetch("/api", {
    method: "POST",
    headers: { accept: "text/event-stream", "content-type": "application/json" },
    body: JSON.stringify({ query: QUERY, variables: { id: element.dataset.importProgress } }),
  });
  if (!answer.ok || !answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (waiting + value).split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const line = event.split("\n").find((one) => one.startsWith("data: {"));
      const told = line && JSON.parse(line.slice(6));
      if (told && told.data) show(element, told.data.importProgress);
    }
  }
}

for (const element of document.querySelectorAll("[data-import-progress]")) follow(element).catch(() => {});
