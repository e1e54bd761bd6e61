// Prints as JSON what each server audit of graphql-http finds: node audit.cjs URL, with a token in the variable TOKEN.
"use strict";

const { serverAudits } = require("graphql-http");

const url = process.argv[2];
const authorization = `Bearer ${process.env.TOKEN}`;

async function main() {
  const fetchFn = (address, init = {}) => fetch(address, { ...init, headers: { ...init.headers, authorization } });
  const found = [];
  for (const audit of serverAudits({ url, fetchFn })) {
    const { id, name, status, reason } = await audit.fn();
    found.push({ id, name, status, reason });
  }
  console.log(JSON.stringify(found));
}

main();
