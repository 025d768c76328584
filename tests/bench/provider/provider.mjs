// The peer of bench_oauth.py: oidc-provider of npm with its in-memory store, set up as strictly as
// the hub is: PAR required, private_key_jwt and DPoP with a nonce, JWT access tokens, ES256 alone.
// Arguments: client id, file of its public JWK Set, redirect URI, or "bare" for an HTTP server that
// reads a request and answers as many bytes. Prints one line of JSON when it listens.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

// Node.js 22 has it and the provider needs it; nothing else keeps it from running on Node.js 20.
URL.parse ??= (text) => (URL.canParse(text) ? new URL(text) : null);

const [clientId, jwksFile, redirectUri] = process.argv.slice(2);
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://localhost:${server.address().port}`;
const tell = (about) => console.log(JSON.stringify({ url: issuer, pid: process.pid, ...about }));

if (clientId === "bare") {
  const answer = JSON.stringify({ answer: "x".repeat(1000) });
  server.on("request", async (request, response) => {
    for await (const _ of request);
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  tell({});
} else {
  const { default: Provider } = await import("oidc-provider");
  const SCOPE = "claims";
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const resources = (accessTokenFormat) => ({
    scope: SCOPE,
    accessTokenFormat,
    accessTokenTTL: 300,
    jwt: { sign: { alg: "ES256" } },
  });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        jwks: JSON.parse(readFileSync(jwksFile)),
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code", "refresh_token", "client_credentials"],
        response_types: ["code"],
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        id_token_signed_response_alg: "ES256",
        dpop_bound_access_tokens: true,
        authorization_details_types: ["mydata_claims"],
        scope: SCOPE,
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" }] },
    // Without the second it knows no refresh tokens.
    scopes: [SCOPE, "offline_access"],
    clientAuthMethods: ["private_key_jwt"],
    enabledJWA: {
      clientAuthSigningAlgValues: ["ES256"],
      idTokenSigningAlgValues: ["ES256"],
      dPoPSigningAlgValues: ["ES256"],
    },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: { Grant: 3600, RefreshToken: 3600, ClientCredentials: 300 },
    // As FAPI 2.0 section 5.3.2.1 wants it, and as the hub does.
    rotateRefreshToken: false,
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      fapi: { enabled: true, profile: "2.0" },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => issuer,
        useGrantedResource: () => true,
        // JWTs are what tokens are for the one; of the other's, which are opaque, it can say
        // something: it introspects no JWT.
        getResourceServerInfo: (_ctx, resource) =>
          resources(resource === issuer ? "jwt" : "opaque"),
      },
      richAuthorizationRequests: {
        enabled: true,
        types: { mydata_claims: { validate: () => {} } },
      },
    },
  });

  // What a person's yes leads to, without the pages.
  const client = await provider.Client.find(clientId);
  const refreshTokenFor = async (resource) => {
    const grant = new provider.Grant({ clientId, accountId: "person" });
    grant.addResourceScope(resource, SCOPE);
    return new provider.RefreshToken({
      accountId: "person",
      client,
      grantId: await grant.save(),
      gty: "authorization_code",
      scope: SCOPE,
      resource,
      expiresWithSession: false,
    }).save();
  };
  const [refresh_token, opaque] = [
    await refreshTokenFor(issuer),
    await refreshTokenFor(`${issuer}/opaque`),
  ];
  server.on("request", provider.callback());
  tell({ refresh_token, opaque });
}
