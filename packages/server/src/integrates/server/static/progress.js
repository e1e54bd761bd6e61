/* The progress of an import, as it happens: any element with data-import-progress="<id>" is kept up to date, and when the import
   has ended the page is loaded anew, which shows what came of it. A stream that breaks off, as when the service is started anew,
   is asked for again. Without script the page says what it said when it was loaded. */
"use strict";

const QUERY = "subscription ($id: ID!) { importProgress(id: $id) { state position attempts } }";

const PAUSE = 5000;

// Tells whether there is more to wait for.
function show(element, found) {
  if (!found) return false;
  if (found.state !== "RUNNING") {
    location.reload();
    return false;
  }
  const attempt = found.attempts > 1 ? `, attempt ${found.attempts}` : "";
  element.textContent = `${found.position} results done${attempt}`;
  return true;
}

// Follows one stream to its end, and tells whether another one may tell more.
async function follow(element) {
  const answer = await fetch("/api", {
    method: "POST",
    headers: { accept: "text/event-stream", "content-type": "application/json" },
    body: JSON.stringify({ query: QUERY, variables: { id: element.dataset.importProgress } }),
  });
  if (!answer.ok) return answer.status >= 429;
  if (!(answer.headers.get("content-type") || "").startsWith("text/event-stream")) return false;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return true;
    const events = (waiting + value).split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const line = event.split("\n").find((one) => one.startsWith("data: {"));
      const told = line && JSON.parse(line.slice(6));
      if (told && told.data && !show(element, told.data.importProgress)) return false;
    }
  }
}

async function keep(element) {
  while (await follow(element).catch(() => true)) await new Promise((resume) => setTimeout(resume, PAUSE));
}

for (const element of document.querySelectorAll("[data-import-progress]")) keep(element);
