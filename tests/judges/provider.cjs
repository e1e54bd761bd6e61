// An OpenID provider that we did not write: `node provider.cjs PORT REDIRECT_URI ACCOUNTS`, the secret in SECRET.
// ACCOUNTS is a file of JSON with the claims of each login name, read again at each login.
const { readFileSync } = require("node:fs");
const { pathToFileURL } = require("node:url");

const [port, redirect, accounts] = process.argv.slice(2);

async function main() {
  const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      {
        client_id: "integrates",
        client_secret: process.env.SECRET,
        redirect_uris: [redirect],
        response_types: ["code"],
        grant_types: ["authorization_code"],
      },
    ],
    claims: {
      openid: ["sub"],
      email: ["email", "email_verified"],
      profile: ["given_name", "family_name"],
      groups: ["groups"],
    },
    cookies: { keys: ["the tests"] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...JSON.parse(readFileSync(accounts, "utf8"))[id] }),
    }),
  });
  provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
}

main();
