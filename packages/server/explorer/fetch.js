// How the explorer asks the API.

import { Kind, parse } from "graphql";

const HEADERS = { "content-type": "application/json", accept: "application/graphql-response+json, application/json" };

/** Return the name if an operation of the query has it: right after a change of tabs GraphiQL still tells the former one. */
function nameIn(query, operationName) {
  const operations = parse(query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return operations.some(({ name }) => name?.value === operationName) ? operationName : undefined;
}

/**
 * Return the function by which GraphiQL sends an operation to `path`.
 *
 * `token` returns what stands in the field for it. With a token, cookies stay here, so that one person's session never
 * answers for another person's token; without one, the session asks.
 */
export function newFetcher(path, token) {
  return async ({ query, variables, operationName }) => {
    const bearer = token();
    const answer = await fetch(path, {
      method: "POST",
      body: JSON.stringify({ query, variables, operationName: nameIn(query, operationName) }),
      headers: bearer ? { ...HEADERS, authorization: `Bearer ${bearer}` } : HEADERS,
      credentials: bearer ? "omit" : "same-origin",
      redirect: "error",
    });
    return await answer.json();
  };
}
