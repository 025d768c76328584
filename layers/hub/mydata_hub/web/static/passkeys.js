// The browser's side of a ceremony (WebAuthn Level 3), with errors in the page's words.

import { ownProblem, post } from "./call.js";

export function supported() {
  return (
    typeof PublicKeyCredential === "function" &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function"
  );
}

/** Make a passkey: begin, let the authenticator work, finish. */
export async function makePasskey(begin, finish, name, next = "") {
  const begun = await begin();
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.publicKey);
  const credential = await ask(() => navigator.credentials.create({ publicKey }));
  return post(finish, {
    ceremony: begun.ceremony,
    credential: credential.toJSON(),
    passkey_name: name,
    ...(next && { next }),
  });
}

/** Use a passkey; opens a session and says where to go on, at `next` if that is a page of ours. */
export async function usePasskey(next = "") {
  const begun = await post("/sign-in/options");
  const credential = await sign(begun.publicKey);
  return post("/sign-in/finish", { ceremony: begun.ceremony, credential, ...(next && { next }) });
}

/** Sign a challenge with a passkey. */
export async function sign(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await ask(() => navigator.credentials.get({ publicKey }))).toJSON();
}

async function ask(authenticator) {
  try {
    return await authenticator();
  } catch (error) {
    throw ownProblem(error.name === "InvalidStateError" ? "held" : "closed");
  }
}
