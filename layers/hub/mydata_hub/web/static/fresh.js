// Acts that ask for the passkey once more where it was used too long ago.

import { fetchState, needsStepUp, ownProblem, post, word } from "./call.js";
import { usePasskey } from "./passkeys.js";
import { say, sayNext } from "./say.js";

/** Do something for an account; where its passkey was used too long ago, use it and do it again. */
export async function withFreshPasskey(accountId, act, remedy = word("stepUpRemedy")) {
  try {
    return await act();
  } catch (error) {
    if (!needsStepUp(error)) throw error;
  }
  say(word("stepUp"), remedy);
  const { location: start } = await usePasskey();
  // The passkey that was chosen may open another account; nothing may happen to that one.
  if ((await fetchState()).account_id !== accountId) {
    const { title, remedy: wayOut } = ownProblem("somebodyElse");
    sayNext(title, wayOut);
    location.assign(start);
    return new Promise(() => {});
  }
  return act();
}

/** The same for one call. */
export function postFresh(accountId, path, body, remedy) {
  return withFreshPasskey(accountId, () => post(path, body), remedy);
}
