// The explorer of the API: GraphiQL over this server, with the session of the browser or a pasted token.
//
// The page holds the examples and says in data attributes what the server allows. A token stays in the field where it was
// pasted: nothing writes it anywhere. Queries and layout are kept as long as the tab of the browser is open.

import { setNonce } from "get-nonce";
import { GraphiQL } from "graphiql";
import { createElement } from "react";
import { createRoot } from "react-dom/client";

import { newFetcher } from "./fetch.js";
import "./style.css";

// Dialogs and menus add style elements, which the policy of the page allows to whoever knows its nonce.
setNonce(document.currentScript.nonce);

const root = document.getElementById("explorer");
const token = document.getElementById("token");
const examples = [...root.querySelectorAll("[data-example]")].map((example) => ({
  query: example.querySelector("[data-query]").textContent,
  variables: example.querySelector("[data-variables]")?.textContent ?? null,
}));

// The stock logo is the name of the program; ours stands in the header already.
const logo = createElement(GraphiQL.Logo, null, " ");

// One who says who asks, by a session or a token, is told the schema where the server tells it at all.
const screen = createRoot(root);

function show() {
  const mayAsk = root.dataset.introspection === "on" && (root.dataset.visitor || token.value.trim());
  const settings = {
    fetcher: newFetcher(root.dataset.path, () => token.value.trim()),
    schema: mayAsk ? undefined : null,
    defaultTabs: examples,
    storage: sessionStorage,
    isHeadersEditorEnabled: false,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
    schemaDescription: true,
  };
  screen.render(createElement(GraphiQL, settings, logo));
}

token.addEventListener("change", show);
show();
document.getElementById("credentials").hidden = false;

// GraphiQL's editors have no names by which who listens to the page could tell them apart.
const NAMES = {
  ".graphiql-query-editor textarea": "Query",
  ".graphiql-editor-tool textarea": "Variables",
  ".result-window textarea": "Answer",
};

new MutationObserver(() => {
  for (const [place, name] of Object.entries(NAMES)) {
    for (const editor of root.querySelectorAll(`${place}:not([aria-label])`)) {
      editor.setAttribute("aria-label", name);
    }
  }
}).observe(root, { childList: true, subtree: true });
