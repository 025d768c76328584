// Answers verified by a library that is not ours: one SD-JWT VC a line on standard input, with the
// issuer, which is all that is known of it; keys are found as its metadata says.
import { createHash, createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const hasher = (data, algorithm) =>
  createHash(algorithm.replaceAll("-", "")).update(typeof data === "string" ? data : new Uint8Array(data)).digest();

async function keysOf(issuer) {
  const metadata = await (await fetch(`${issuer}/.well-known/jwt-vc-issuer`)).json();
  if (metadata.issuer !== issuer) throw new Error("the metadata is of another issuer");
  return (await (await fetch(metadata.jwks_uri)).json()).keys;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { issuer, sd_jwt: presented } = JSON.parse(line);
  const keys = await keysOf(issuer);
  const { kid } = JSON.parse(Buffer.from(presented.split(".")[0], "base64url"));
  const sdjwt = new SDJwtVcInstance({
    hasher,
    hashAlg: "sha-256",
    verifier: (data, signature) => {
      const key = createPublicKey({ key: keys.find((one) => one.kid === kid), format: "jwk" });
      const given = { key, dsaEncoding: "ieee-p1363" };
      return verify("sha256", Buffer.from(data), given, Buffer.from(signature, "base64url"));
    },
  });
  try {
    const { payload } = await sdjwt.verify(presented);
    console.log(JSON.stringify({ payload }));
  } catch (error) {
    console.log(JSON.stringify({ refused: String(error.message) }));
  }
}
