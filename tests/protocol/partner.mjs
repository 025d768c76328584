// A partner's whole way with the openid-client of npm, one JSON line per step. Arguments: issuer,
// client id, file of the private JWK, redirect URI, authorization details; the address that the
// person comes back with is read from standard input. With a port as the sixth argument it hears
// there that a grant has ended, verifies that with the jose of npm, and attests deletion.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import * as jose from "jose";
import * as oauth from "openid-client";

const [issuer, clientId, keyFile, redirectUri, details, port] = process.argv.slice(2);
const jwk = JSON.parse(readFileSync(keyFile));
const algorithms = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};
const { use, alg, ...bare } = jwk;
const key = await crypto.subtle.importKey("jwk", bare, algorithms[alg], false, ["sign"]);

// Each request as it was answered, the repeated ones too.
const seen = [];
async function watched(url, options) {
  const response = await fetch(url, options);
  const told = await response.clone().json().catch(() => ({}));
  seen.push([options.method, new URL(url).pathname, response.status, told.error ?? null]);
  return response;
}

const tell = (step, said = {}) => console.log(JSON.stringify({ step, ...said, seen: seen.splice(0) }));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => (await lines.next()).value;
const failure = async (act) => {
  try {
    return { ok: await act() };
  } catch (error) {
    return { error: error.error ?? error.cause?.error ?? error.code ?? String(error), status: error.status };
  }
};

const transmitter = await (await fetch(`${issuer}/.well-known/ssf-configuration`)).json();
const eventKeys = jose.createRemoteJWKSet(new URL(transmitter.jwks_uri));
const heardEvent = new Promise((resolve, reject) => {
  createServer(async (request, response) => {
    try {
      let token = "";
      for await (const part of request) token += part;
      const { payload } = await jose.jwtVerify(token, eventKeys, {
        issuer: transmitter.issuer,
        audience: clientId,
        typ: "secevent+jwt",
        algorithms: ["ES256"],
      });
      response.writeHead(202).end();
      resolve({ type: request.headers["content-type"], payload });
    } catch (error) {
      response.writeHead(400, { "content-type": "application/json" }).end('{"err":"invalid_key"}');
      reject(error);
    }
  }).listen(Number(port), "127.0.0.1");
});
const signed = (claims, typ) =>
  new jose.SignJWT({ iss: clientId, aud: issuer, jti: crypto.randomUUID(), ...claims })
    .setProtectedHeader({ alg, kid: jwk.kid, typ })
    .setIssuedAt();
const attest = async (grant_id) => {
  const said = { grant_id, deleted_at: Math.floor(Date.now() / 1000) };
  const events = { "urn:mydata-hub:event:deletion-attested": said };
  const assertion = await signed({ sub: clientId }, "JWT").setExpirationTime("1m").sign(key);
  const body = new URLSearchParams({
    attestation: await signed({ events }, "secevent+jwt").sign(key),
    client_assertion: assertion,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  });
  return (await fetch(transmitter.deletion_attestation_endpoint, { method: "POST", body })).json();
};

const config = await oauth.discovery(
  new URL(issuer),
  clientId,
  {},
  oauth.PrivateKeyJwt({ key, kid: jwk.kid }),
  { algorithm: "oauth2", execute: [oauth.allowInsecureRequests], [oauth.customFetch]: watched },
);
tell("discovered", { supportsPKCE: config.serverMetadata().supportsPKCE() });

const DPoP = oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair("ES256"));
const pkceCodeVerifier = oauth.randomPKCECodeVerifier();
const expectedState = oauth.randomState();
const authorize = await oauth.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: redirectUri,
    state: expectedState,
    code_challenge: await oauth.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    authorization_details: details,
  },
  { DPoP },
);
tell("pushed", { authorize: authorize.href });

const back = new URL(await heard());
const granted = await failure(() =>
  oauth.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState }, undefined, { DPoP }),
);
tell("granted", granted);
if (granted.ok) {
  const first = granted.ok;
  const refreshed = await oauth.refreshTokenGrant(config, first.refresh_token, undefined, { DPoP });
  tell("refreshed", { ok: refreshed });
  tell("introspected", { ok: await oauth.tokenIntrospection(config, refreshed.access_token) });

  const ask = async (token, name, id) => {
    const headers = new Headers({ "content-type": "application/json", "idempotency-key": id });
    const body = JSON.stringify({ claims: [name] });
    const place = new URL("/claims", issuer);
    const response = await oauth.fetchProtectedResource(config, token, place, "POST", body, headers, { DPoP });
    return { status: response.status, text: await response.text() };
  };
  const asked = [];
  for (const [name, id] of [["commute.mode", "1"], ["commute.mode", "2"], ["commute.mode", "1"], ["everything", "3"]])
    asked.push(await ask(refreshed.access_token, name, id));
  tell("asked", { ok: asked });
  const receipt = new URL(`/receipts/${JSON.parse(asked[0].text).event_id}`, issuer);
  const receive = (token) => oauth.fetchProtectedResource(config, token, receipt, "GET", null, undefined, { DPoP });
  tell("received", { ok: await (await receive(refreshed.access_token)).text() });

  const own = await oauth.clientCredentialsGrant(config, { scope: "grant_management_query" }, { DPoP });
  const place = new URL(`${config.serverMetadata().grant_management_endpoint}/${first.grant_id}`);
  const query = () =>
    oauth.fetchProtectedResource(config, own.access_token, place, "GET", null, undefined, { DPoP });
  tell("queried", { ok: await (await query()).json() });

  await oauth.tokenRevocation(config, refreshed.access_token);
  tell("revoked", { ok: await oauth.tokenIntrospection(config, refreshed.access_token) });
  await heard();
  tell("asked after withdrawal", await failure(() => ask(first.access_token, "commute.mode", "1")));
  tell("after withdrawal", await failure(() =>
    oauth.refreshTokenGrant(config, first.refresh_token, undefined, { DPoP })));
  tell("query after withdrawal", await failure(async () => (await query()).status));
  tell("heard", await failure(() => heardEvent));
  tell("attested", await failure(() => attest(first.grant_id)));
}
process.exit(0);
